package core_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/core"
)

// node-140: clients are told the gateway's address, and an administrator may test one before it is stored: a
// gateway is told from what is none, and each reason has its sentence.
func TestGatewayIsTested(t *testing.T) {
	in := install(t)
	if a, err := in.admin.Account(t.Context()); err != nil || a.GatewayURL == nil || *a.GatewayURL != externalURL+core.GatewayPath {
		t.Errorf("gateway_url %v, %v", a.GatewayURL, err)
	}
	answers := http.NewServeMux()
	answers.HandleFunc("GET "+core.GatewayPath+"/v1/info", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"name":"Some Gateway","version":"2.3.0","endpoints":["/aspera/http-gwy/v2/upload"]}`))
	})
	answers.HandleFunc("GET "+core.GatewayPath+"/v2/info", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, core.GatewayPath+"/v1/info", http.StatusFound)
	})
	answers.HandleFunc("GET "+core.GatewayPath+"/v3/info", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"secret":"of another server"}`))
	})
	plain, secure := httptest.NewServer(answers), httptest.NewTLSServer(answers)
	defer plain.Close()
	defer secure.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := silent.Addr().String()
	silent.Close()

	for _, test := range []struct{ what, url, says string }{
		{"a gateway", plain.URL + core.GatewayPath + "/v1", ""},
		{"a gateway with a slash", plain.URL + core.GatewayPath + "/v1/", ""},
		{"a page", plain.URL + core.GatewayPath, "not an HTTP gateway"},
		{"a redirect", plain.URL + core.GatewayPath + "/v2", "not an HTTP gateway"},
		{"another server", plain.URL + core.GatewayPath + "/v3", "not an HTTP gateway"},
		{"a certificate of its own", secure.URL + core.GatewayPath + "/v1", "not trusted"},
		{"plain where TLS is", strings.Replace(plain.URL, "http:", "https:", 1) + core.GatewayPath + "/v1", "did not agree on TLS"},
		{"nobody", "http://" + gone + core.GatewayPath + "/v1", "refused the connection"},
		{"no such name", "https://gateway.invalid" + core.GatewayPath + "/v1", "cannot be resolved"},
		{"another path", plain.URL + "/gateway", "/aspera/http-gwy/v1"},
		{"a password", strings.Replace(plain.URL, "//", "//u:p@", 1) + core.GatewayPath, "has the form"},
		{"the one in force", "", "cannot be resolved"},
	} {
		status, _, body := in.call(t, in.admin, "POST", "/api/v5/configuration/http_gateway/test",
			map[string]any{"http_gateway_url": test.url})
		got := jsonOf[api.GatewayTest](t, body)
		if status != http.StatusOK || !strings.Contains(got.Message, test.says) || (got.Status == "completed") != (test.says == "") ||
			strings.Contains(body, "secret") {
			t.Errorf("%s: %d %s", test.what, status, body)
		}
		if test.says == "" && got.Version != "2.3.0" {
			t.Errorf("%s: version %q", test.what, got.Version)
		}
	}
	mona := in.user(t, "mona", "manager")
	if status, _, body := in.call(t, mona, "POST", "/api/v5/configuration/http_gateway/test", map[string]any{}); status != http.StatusForbidden {
		t.Errorf("a manager: %d %s", status, body)
	}
}
