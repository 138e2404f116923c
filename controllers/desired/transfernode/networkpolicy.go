package transfernode

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"faspex.io/operator/api/v1alpha1"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
)

// DatabaseNetworkPolicy lets the machines that run pods of node open connections to the embedded database of its instance: the pods
// are in the network of their machines, so that no selector of pods matches them. Policies of the same pods add up. Without any address
// it allows nothing.
func DatabaseNetworkPolicy(
	node *v1alpha1.TransferNode, instance *v1alpha1.FaspexInstance, addresses []netip.Addr,
) *networkingv1ac.NetworkPolicyApplyConfiguration {
	spec := networkingv1ac.NetworkPolicySpec().
		WithPodSelector(desiredinstance.DatabasePods(instance)).
		WithPolicyTypes(networkingv1.PolicyTypeIngress)
	if len(addresses) > 0 {
		// A rule without peers would let everybody in.
		rule := networkingv1ac.NetworkPolicyIngressRule().WithPorts(networkingv1ac.NetworkPolicyPort().
			WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(desiredinstance.DatabasePort)))
		for _, address := range slices.Compact(slices.SortedFunc(slices.Values(addresses), netip.Addr.Compare)) {
			rule.WithFrom(networkingv1ac.NetworkPolicyPeer().WithIPBlock(
				networkingv1ac.IPBlock().WithCIDR(netip.PrefixFrom(address, address.BitLen()).String())))
		}
		spec.WithIngress(rule)
	}
	return networkingv1ac.NetworkPolicy(NamesOf(node.Name).DatabasePolicy, node.Namespace).WithLabels(Labels(node)).WithSpec(spec)
}
