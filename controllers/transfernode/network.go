package transfernode

import (
	"context"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	desiredinstance "faspex.io/operator/controllers/desired/instance"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// admitToDatabase lets the machines of pods into the embedded database, if the instance keeps others out.
func (r *reconciler) admitToDatabase(ctx context.Context, o *observed, pods []corev1.Pod) error {
	if o.instance.Spec.Database.Embedded != nil && desiredinstance.NetworkPolicies(o.instance) {
		_, err := r.applier.Apply(ctx, nobody, desired.DatabaseNetworkPolicy(o.node, o.instance, hostAddresses(pods)))
		return err
	}
	return r.applier.Delete(ctx, o.node, &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.node.Namespace, Name: desired.NamesOf(o.node.Name).DatabasePolicy},
	})
}

// hostAddresses are the addresses of the machines that run pods.
func hostAddresses(pods []corev1.Pod) []netip.Addr {
	var addresses []netip.Addr
	for _, pod := range pods {
		texts := []string{pod.Status.HostIP}
		for _, host := range pod.Status.HostIPs {
			texts = append(texts, host.IP)
		}
		for _, text := range texts {
			if address, err := netip.ParseAddr(text); err == nil {
				addresses = append(addresses, address.Unmap().WithZone(""))
			}
		}
	}
	return addresses
}
