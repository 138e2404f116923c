package instance_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/faspex/utility"
)

// TestUtilityAdmitsTheListedAddresses (operator-58, with the cases of spec.utility in TestFaspexInstanceAdmission): the
// utility, with the environment that a FaspexInstance gives it, asks listed addresses for their password and refuses all
// others. Without a list it refuses everybody, as the field says.
func TestUtilityAdmitsTheListedAddresses(t *testing.T) {
	admits := func(list []string, peer string) bool {
		t.Helper()
		i := minimal()
		if list != nil {
			i.Spec.Utility = &v1alpha1.UtilitySpec{AuthorizedIPs: list}
		}
		env := instance.ConfigMaps(i)["demo-utility"].Data
		env["FASPEX_UTILITY_USERNAME"], env["FASPEX_UTILITY_PASSWORD"] = "admin", "x"
		config, err := utility.ConfigFromEnv(func(name string) string { return env[name] })
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, utility.BasePath, nil)
		r.RemoteAddr = "10.244.0.7:40000" // the router's
		r.Header.Set("X-Forwarded-For", peer)
		w := httptest.NewRecorder()
		utility.New(config, nil, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden {
			t.Fatalf("%s: %d", peer, w.Code)
		}
		return w.Code == http.StatusUnauthorized
	}
	list := []string{"192.0.2.1", "198.51.100.0/24", "2001:db8::/32", "203.0.*", "127.*.0.1"}
	for peer, want := range map[string]bool{
		"192.0.2.1": true, "192.0.2.2": false, "198.51.100.9": true, "198.51.101.9": false, "2001:db8::9": true,
		"2001:db9::9": false, "203.0.113.9": true, "203.1.113.9": false, "127.9.0.1": true, "127.9.1.1": false, "10.244.0.7": false,
	} {
		if got := admits(list, peer); got != want {
			t.Errorf("%s: %t", peer, got)
		}
		if admits(nil, peer) || admits([]string{}, peer) {
			t.Errorf("%s is admitted without a list", peer)
		}
		if !admits([]string{"*"}, peer) {
			t.Errorf("%s is not everybody", peer)
		}
	}
}
