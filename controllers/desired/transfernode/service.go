package transfernode

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
)

// Service spreads calls of the Node API over the ready pods: the state is in the database, any of them can answer.
func Service(node *v1alpha1.TransferNode) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(NamesOf(node.Name).Service, node.Namespace).
		WithLabels(Labels(node)).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(SelectorLabels(node)).
			WithPorts(corev1ac.ServicePort().
				WithName(portNodeAPI).
				WithProtocol(corev1.ProtocolTCP).
				WithPort(NodeAPIServicePort).
				WithTargetPort(intstr.FromString(portNodeAPI))))
}
