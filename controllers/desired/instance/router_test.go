package instance_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/desired/instance"
)

// TestRouterServiceKeepsTheClientsAddress: only connections from outside the cluster have one that can be lost.
func TestRouterServiceKeepsTheClientsAddress(t *testing.T) {
	for _, test := range []struct {
		kind, policy, want string
	}{
		{"", "", ""},
		{"ClusterIP", "", ""},
		{"NodePort", "", "Local"},
		{"LoadBalancer", "", "Local"},
		{"NodePort", "Local", "Local"},
		{"NodePort", "Cluster", "Cluster"},
		{"LoadBalancer", "Cluster", "Cluster"},
	} {
		i := minimal()
		i.Spec.Router = &v1alpha1.RouterSpec{Service: &v1alpha1.RouterServiceSpec{Type: test.kind,
			ExternalTrafficPolicy: test.policy}}
		got := ""
		if policy := instance.RouterComponent(i).Service(i).Spec.ExternalTrafficPolicy; policy != nil {
			got = string(*policy)
		}
		if got != test.want {
			t.Errorf("%s with %q: %q, want %q", test.kind, test.policy, got, test.want)
		}
	}
}

func routerConf(i *v1alpha1.FaspexInstance) string {
	return instance.ConfigMaps(i)["demo-router"].Data["nginx.conf"]
}

// TestRouterTellsWhoTheClientIs: what a client says of itself is overwritten on every way, not added to. nginx takes
// the headers of http for a location only when neither it nor its server sets any of its own.
func TestRouterTellsWhoTheClientIs(t *testing.T) {
	conf := routerConf(minimal())
	head, servers, found := strings.Cut(conf, "\n  server {")
	if !found {
		t.Fatalf("no server in %s", conf)
	}
	for header, value := range map[string]string{
		"X-Forwarded-For": "$remote_addr", "X-Real-IP": "$remote_addr", "X-Forwarded-Proto": "https",
		"X-Forwarded-Host": "$http_host", "Forwarded": `""`,
	} {
		got := regexp.MustCompile(`(?m)^  proxy_set_header `+header+` (.*);$`).FindAllStringSubmatch(head, -1)
		if len(got) != 1 || got[0][1] != value {
			t.Errorf("%s is set to %v, want %s", header, got, value)
		}
	}
	if strings.Contains(servers, "proxy_set_header") {
		t.Error("a server or location sets headers of its own, and has lost those of http")
	}
	for _, appending := range []string{"$proxy_add_x_forwarded_for", "$http_x_forwarded_for", "$http_x_real_ip"} {
		if strings.Contains(conf, appending) {
			t.Errorf("what the client says is passed on: %s", appending)
		}
	}
}

func TestRouterBelievesTrustedProxiesAlone(t *testing.T) {
	directives := func(proxies ...string) []string {
		i := minimal()
		i.Spec.Router = &v1alpha1.RouterSpec{TrustedProxies: proxies}
		lines := strings.Split(routerConf(i), "\n")
		return slices.DeleteFunc(lines, func(line string) bool { return !strings.Contains(line, "real_ip") })
	}
	if got := directives(); len(got) > 0 {
		t.Errorf("without proxies: %q", got)
	}
	want := []string{
		"  set_real_ip_from 192.0.2.1;", "  set_real_ip_from 2001:db8::/32;", "  real_ip_header X-Forwarded-For;",
		"  real_ip_recursive on;",
	}
	if diff := cmp.Diff(want, directives("192.0.2.1", "2001:db8::/32")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
