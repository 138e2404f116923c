package faspexinstance

import (
	"context"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
)

// restrict writes a network policy, or removes it when the spec wants none. A component that is open to everybody has
// nil.
func (r *reconciler) restrict(
	ctx context.Context, o *observed, owner apply.Owner, policy *networkingv1ac.NetworkPolicyApplyConfiguration,
) error {
	if policy == nil {
		return nil
	}
	if desired.NetworkPolicies(o.instance) {
		_, err := r.applier.Apply(ctx, owner, policy)
		return err
	}
	return r.applier.Delete(ctx, o.owner(), &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.instance.Namespace, Name: *policy.Name},
	})
}
