package instance

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"faspex.io/operator/api/v1alpha1"
)

// NetworkPolicies tells whether the spec wants them.
func NetworkPolicies(instance *v1alpha1.FaspexInstance) bool {
	given := instance.Spec.NetworkPolicy
	return given == nil || given.Enabled == nil || *given.Enabled
}

// NetworkPolicy says who may open connections to the pods of the component: the router and, to core, the operator; and
// whoever the spec lets read metrics, which are on the same port as everything else. It is nil for the router, which is
// the door for everybody. operatorNamespace is where the operator runs; empty if it is not known, and then its labels
// are believed in any namespace.
func (c Component) NetworkPolicy(
	instance *v1alpha1.FaspexInstance, operatorNamespace string,
) *networkingv1ac.NetworkPolicyApplyConfiguration {
	if c.Name == ComponentRouter {
		return nil
	}
	from := []*networkingv1ac.NetworkPolicyPeerApplyConfiguration{podsOf(instance, ComponentRouter)}
	if c.Name == ComponentCore {
		from = append(from, operatorPods(operatorNamespace))
	}
	if given := instance.Spec.NetworkPolicy; given != nil {
		from = append(from, peers(given.MetricsFrom)...)
	}
	return ingress(instance, c.ObjectName, c.Name, *c.container.Ports[0].ContainerPort, from)
}

// DatabaseNetworkPolicy says who may open connections to the embedded database: the pods of the instance that use it,
// the operator, and whoever the spec adds. Transfer nodes have the addresses of their machines, which each TransferNode
// adds by a policy of its own.
func DatabaseNetworkPolicy(
	instance *v1alpha1.FaspexInstance, operatorNamespace string,
) *networkingv1ac.NetworkPolicyApplyConfiguration {
	var from []*networkingv1ac.NetworkPolicyPeerApplyConfiguration
	for _, component := range []string{ComponentCore, ComponentService, ComponentUtility, ComponentMigration,
		ComponentBackup} {
		from = append(from, podsOf(instance, component))
	}
	from = append(from, operatorPods(operatorNamespace))
	if given := instance.Spec.NetworkPolicy; given != nil {
		from = append(from, peers(given.DatabaseFrom)...)
	}
	return ingress(instance, NamesOf(instance.Name).Database, ComponentDatabase, databasePort, from)
}

// DatabasePods picks the pods of the embedded database.
func DatabasePods(instance *v1alpha1.FaspexInstance) *metav1ac.LabelSelectorApplyConfiguration {
	return metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(instance, ComponentDatabase))
}

// DatabasePort is where the embedded database listens.
const DatabasePort = databasePort

func ingress(
	instance *v1alpha1.FaspexInstance, name, component string, port int32,
	from []*networkingv1ac.NetworkPolicyPeerApplyConfiguration,
) *networkingv1ac.NetworkPolicyApplyConfiguration {
	return networkingv1ac.NetworkPolicy(name, instance.Namespace).
		WithLabels(Labels(instance, component)).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(instance, component))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress).
			WithIngress(networkingv1ac.NetworkPolicyIngressRule().
				WithPorts(networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(port))).
				WithFrom(from...)))
}

func podsOf(instance *v1alpha1.FaspexInstance, component string) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	return networkingv1ac.NetworkPolicyPeer().
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(instance, component)))
}

func operatorPods(namespace string) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	in := metav1ac.LabelSelector()
	if namespace != "" {
		in.WithMatchLabels(map[string]string{corev1.LabelMetadataName: namespace})
	}
	return networkingv1ac.NetworkPolicyPeer().
		WithNamespaceSelector(in).
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{LabelComponent: "operator"}))
}

func peers(given []networkingv1.NetworkPolicyPeer) []*networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	list := make([]*networkingv1ac.NetworkPolicyPeerApplyConfiguration, 0, len(given))
	for _, p := range given {
		peer := networkingv1ac.NetworkPolicyPeer()
		if p.PodSelector != nil {
			peer.WithPodSelector(labelSelector(p.PodSelector))
		}
		if p.NamespaceSelector != nil {
			peer.WithNamespaceSelector(labelSelector(p.NamespaceSelector))
		}
		if p.IPBlock != nil {
			peer.WithIPBlock(networkingv1ac.IPBlock().WithCIDR(p.IPBlock.CIDR).WithExcept(p.IPBlock.Except...))
		}
		list = append(list, peer)
	}
	return list
}

func labelSelector(given *metav1.LabelSelector) *metav1ac.LabelSelectorApplyConfiguration {
	selector := metav1ac.LabelSelector()
	if len(given.MatchLabels) > 0 {
		selector.WithMatchLabels(given.MatchLabels)
	}
	for _, e := range given.MatchExpressions {
		selector.WithMatchExpressions(metav1ac.LabelSelectorRequirement().
			WithKey(e.Key).WithOperator(e.Operator).WithValues(e.Values...))
	}
	return selector
}
