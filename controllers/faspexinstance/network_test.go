package faspexinstance

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
)

// policies are who may open connections to which port, by the policy's name.
func (b *bench) policies() map[string]networkingv1.NetworkPolicySpec {
	b.t.Helper()
	var list networkingv1.NetworkPolicyList
	if err := b.client.List(b.t.Context(), &list, client.InNamespace(b.namespace)); err != nil {
		b.t.Fatal(err)
	}
	all := map[string]networkingv1.NetworkPolicySpec{}
	for _, policy := range list.Items {
		// The database goes last, by the finalizer, and its policy with it.
		if owned := metav1.IsControlledBy(&policy, b.instance()); owned == (policy.Name == "demo-db") {
			b.t.Errorf("%s is owned by the instance: %v", policy.Name, owned)
		}
		all[policy.Name] = policy.Spec
	}
	return all
}

// TestNetworkPoliciesAreThereUntilSwitchedOff: by default, again when somebody removes one, and not when the spec says
// so.
func TestNetworkPoliciesAreThereUntilSwitchedOff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("network"))
	wantReady(t, b.settle())
	names := func() []string { return slices.Sorted(maps.Keys(b.policies())) }
	// an external database has none, the router is open
	want := []string{"demo-core", "demo-gateway", "demo-service", "demo-ui", "demo-utility"}
	if diff := cmp.Diff(want, names()); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	b.remove("demo-core", &networkingv1.NetworkPolicy{})
	wantReady(t, b.settle())
	if diff := cmp.Diff(want, names()); diff != "" {
		t.Errorf("after one was removed: -want +got:\n%s", diff)
	}
	i, off := &v1alpha1.FaspexInstance{}, false
	b.patch("demo", i, func() { i.Spec.NetworkPolicy = &v1alpha1.NetworkPolicySpec{Enabled: &off} })
	wantReady(t, b.settle())
	if left := names(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	b.patch("demo", i, func() { i.Spec.NetworkPolicy = nil })
	wantReady(t, b.settle())
	if diff := cmp.Diff(want, names()); diff != "" {
		t.Errorf("switched on again: -want +got:\n%s", diff)
	}
}

// TestEmbeddedDatabaseIsRestrictedBeforeItRuns: the policy is there with the StatefulSet, while no pod is ready yet.
func TestEmbeddedDatabaseIsRestrictedBeforeItRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(&v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com", Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}},
		},
	})
	b.kubelet.hold["demo-db"] = true
	i := b.settle()
	want(t, i, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "")
	if _, there := b.policies()["demo-db"]; !there {
		t.Error("the database is open to everybody")
	}
}
