package core_test

import (
	"net/http"
	"strings"
	"testing"
)

// faspex-E16: who is not logged in reads the description of the API at /aspera/faspex/api. It names each call, and loads
// nothing.
func TestReferenceNeedsNoLogin(t *testing.T) {
	in := install(t)
	for _, address := range []string{"/aspera/faspex/api", "/aspera/faspex/api/"} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", in.url+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, header, page := do(t, req)
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") ||
			!strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Fatalf("%s: %d %v", address, status, header)
		}
		for _, want := range []string{"POST /aspera/faspex/api/v5/packages</code> ", "DELETE /aspera/faspex/api/v5/accounts/{id}</code>",
			"POST /aspera/faspex/auth/token</code>", "<code>title</code>, string, needed", "one of admin, manager, user"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not tell %s", address, want)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "//cdn") {
			t.Errorf("%s loads something", address)
		}
	}
	status, _, text := in.call(t, nil, "GET", "/api/v5/openapi.json", nil)
	if status != 200 || !strings.Contains(text, `"openapi":"3.1`) {
		t.Errorf("for programs: %d", status)
	}
}
