package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/store/storetest"
)

// environment is what the operator gives to the containers, with a database that is empty.
func environment(t *testing.T) (etc string) {
	t.Helper()
	admin, restricted := storetest.Configs(t)
	for name, value := range map[string]string{
		"FASPEX_DB_HOST": admin.Host, "FASPEX_DB_PORT": strconv.Itoa(admin.Port), "FASPEX_DB_CORE_DATABASE": admin.Database,
		"FASPEX_DB_USE_TLS":               "false",
		"FASPEX_DB_ASPERA_ADMIN_USERNAME": admin.Username, "FASPEX_DB_ASPERA_ADMIN_PASSWORD": admin.Password,
		"FASPEX_DB_USERNAME": restricted.Username, "FASPEX_DB_PASSWORD": restricted.Password,
		"FASPEX_CORE_SECRET": "a secret of the tests, long enough", "FASPEX_CORE_OLD_SECRET": "",
		"FASPEX_CORE_URL": "https://faspex.example.com", "FASPEX_CORE_UI_CLIENT_ID": "ui-1",
		"FASPEX_SERVICE_CLIENT_ID": "service-1", "FASPEX_OPERATOR_CLIENT_ID": "operator-1",
		"FASPEX_UTILITY_USERNAME": "admin", "FASPEX_UTILITY_PASSWORD": "Correct-Horse-2",
		"FASPEX_UTILITY_AUTHORIZED_IPS": "127.*",
	} {
		t.Setenv(name, value)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	etc = t.TempDir()
	for name, content := range map[string]string{
		"admin/username": "admin@example.com", "admin/password": "Correct-Horse-1",
		"operator-client/public.pem": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"page/index.html":            "<!doctype html><title>Faspex</title>",
	} {
		path := filepath.Join(etc, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return etc
}

func run(ctx context.Context, args ...string) error {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(io.Discard)
	return root.ExecuteContext(ctx)
}

// start runs a process until the test ends, and gives its address.
func start(t *testing.T, args ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, append(args, "--listen", address)...) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("%s ended with %v", strings.Join(args, " "), err)
		}
	})
	return "http://" + address
}

func status(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

func waitFor(t *testing.T, url string, want int) {
	t.Helper()
	got := 0
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got = status(t, url); got == want {
			return
		}
	}
	t.Errorf("%s: %d, want %d", url, got, want)
}

func TestProcessesBecomeReadyWithTheSchema(t *testing.T) {
	etc := environment(t)
	core, service, utility := start(t, "core"), start(t, "service"), start(t, "utility", "serve")
	page := start(t, "ui", "--root", filepath.Join(etc, "page"))
	for _, process := range []string{core, service, utility} {
		waitFor(t, process+"/livez", http.StatusOK)
		waitFor(t, process+"/health", http.StatusServiceUnavailable)
	}
	if err := run(t.Context(), "utility", "migrate"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := run(t.Context(), "utility", "seed", "--etc", etc); err != nil {
			t.Fatal(err)
		}
	}
	for _, process := range []string{core, service, utility, page} {
		waitFor(t, process+"/health", http.StatusOK)
		waitFor(t, process+"/metrics", http.StatusOK)
	}
	waitFor(t, page+"/aspera/faspex/received", http.StatusOK)
	waitFor(t, core+"/aspera/faspex/api/v5/configuration/ping", http.StatusOK)
	waitFor(t, utility+"/aspera/faspex/utility", http.StatusUnauthorized)
	login := "/aspera/faspex/auth/authorize?response_type=code&client_id=ui-1&state=s&code_challenge_method=S256" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&redirect_uri=https%3A%2F%2Ffaspex.example.com%2Faspera%2Ffaspex%2F"
	waitFor(t, core+login, http.StatusOK)
}

func TestWrongConfigurationIsNamed(t *testing.T) {
	environment(t)
	tests := map[string]struct {
		variable, value string
		args            []string
	}{
		"core secret":   {"FASPEX_CORE_SECRET", "short", []string{"core"}},
		"gateway":       {"FASPEX_GATEWAY_SECRET", "short", []string{"gateway"}},
		"service":       {"FASPEX_CORE_SECRET", "", []string{"service"}},
		"database port": {"FASPEX_DB_PORT", "many", []string{"utility", "migrate"}},
		"address list":  {"FASPEX_UTILITY_AUTHORIZED_IPS", "here", []string{"utility", "serve"}},
		"page's client": {"FASPEX_CORE_UI_CLIENT_ID", "", []string{"ui"}},
		"log level":     {"FASPEX_UI_LOG_LEVEL", "loud", []string{"ui"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(tc.variable, tc.value)
			err := run(t.Context(), tc.args...)
			if err == nil || (!strings.Contains(err.Error(), tc.variable) && !strings.Contains(err.Error(), "log level")) {
				t.Errorf("error %v does not name %s", err, tc.variable)
			}
		})
	}
}
