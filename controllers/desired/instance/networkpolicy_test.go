package instance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/desired/instance"
)

func networkPolicy() *v1alpha1.NetworkPolicySpec {
	return &v1alpha1.NetworkPolicySpec{
		MetricsFrom: []networkingv1.NetworkPolicyPeer{{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "watch"}},
			PodSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"prometheus"}},
			}},
		}},
		DatabaseFrom: []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/8",
			Except: []string{"10.1.0.0/16"}}}},
	}
}

// callers is who a policy lets in at which port, in words.
func callers(t *testing.T, policy *networkingv1ac.NetworkPolicyApplyConfiguration) string {
	t.Helper()
	if len(policy.Spec.Ingress) != 1 || len(policy.Spec.Ingress[0].From) == 0 || len(policy.Spec.Ingress[0].Ports) != 1 {
		t.Fatalf("%s has no rule, or one for everybody", *policy.Name)
	}
	var who []string
	for _, peer := range policy.Spec.Ingress[0].From {
		switch {
		case peer.IPBlock != nil:
			who = append(who, *peer.IPBlock.CIDR)
		case peer.NamespaceSelector != nil:
			who = append(who, fmt.Sprint(peer.NamespaceSelector.MatchLabels, peer.PodSelector.MatchLabels,
				len(peer.PodSelector.MatchExpressions)))
		default:
			if peer.PodSelector.MatchLabels[instance.LabelInstance] != "demo" {
				t.Errorf("%s lets in pods of other instances: %v", *policy.Name, peer.PodSelector.MatchLabels)
			}
			who = append(who, peer.PodSelector.MatchLabels[instance.LabelComponent])
		}
	}
	slices.Sort(who)
	return fmt.Sprint(strings.Join(who, ", "), " at ", policy.Spec.Ingress[0].Ports[0].Port.IntValue())
}

// TestNetworkPoliciesLetInNobodyElse: each component's callers, by default and with what a spec adds, with and without
// knowing where the operator runs.
// operator-32
func TestNetworkPoliciesLetInNobodyElse(t *testing.T) {
	const operator, anywhere = "map[kubernetes.io/metadata.name:ops] map[app.kubernetes.io/component:operator] 0",
		"map[] map[app.kubernetes.io/component:operator] 0"
	const watch = "map[team:watch] map[] 1"
	for _, test := range []struct {
		name, namespace string
		given           *v1alpha1.NetworkPolicySpec
		want            map[string]string
	}{
		{"default", "ops", nil, map[string]string{
			"demo-core": operator + ", router at 3000", "demo-ui": "router at 5000", "demo-service": "router at 6000",
			"demo-utility": "router at 4000",
			"demo-db":      "backup, core, " + operator + ", migrate, service, utility at 3306",
		}},
		{"more", "", networkPolicy(), map[string]string{
			"demo-core": anywhere + ", " + watch + ", router at 3000", "demo-ui": watch +
				", router at 5000", "demo-service": watch + ", router at 6000",
			"demo-utility": watch + ", router at 4000", "demo-db": "10.0.0.0/8, backup, core, " + anywhere +
				", migrate, service, utility at 3306",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := minimal()
			i.Spec.NetworkPolicy = test.given
			database := instance.DatabaseNetworkPolicy(i, test.namespace)
			got := map[string]string{*database.Name: callers(t, database)}
			for _, c := range []instance.Component{instance.Core(i), instance.UI(i), instance.Service(i), instance.Utility(i)} {
				policy := c.NetworkPolicy(i, test.namespace)
				got[*policy.Name] = callers(t, policy)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if instance.RouterComponent(i).NetworkPolicy(i, test.namespace) != nil {
				t.Error("the router is not open to everybody")
			}
		})
	}
}
