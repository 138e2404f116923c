package nodeapi_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/buckets"
	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/s3d"
)

const (
	nodeUser = "node"
	nodePass = "p:ss wörd"
)

// api is a Node API server with TLS, a real database and a folder.
type api struct {
	url, dir string
	caFile   string
	ca       []byte
	store    *store.Store
	keys     *token.Keyring
	log      *log
	server   *nodeapi.Server
	// authorities are those of object storages.
	authorities *x509.CertPool
	// bucket, if not nil, has what is in the folder k.
	bucket *s3d.Server
}

// log is what the server says while it is looked at.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func start(t *testing.T) *api {
	t.Helper()
	return startIn(t, t.TempDir())
}

// startIn serves the folder dir.
func startIn(t *testing.T, dir string) *api {
	t.Helper()
	s, err := store.New(mariadbd.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return startWith(t, s, dir)
}

func startWith(t *testing.T, s *store.Store, dir string) *api {
	t.Helper()
	t.Cleanup(func() { s.Close() })
	var err error
	a := &api{dir: dir, store: s, log: &log{}}
	root, err := storage.Open(a.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	if a.keys, err = token.NewKeyring(token.Keys{Active: "k1",
		ByID: map[string][]byte{"k1": bytes.Repeat([]byte{7}, token.KeySize)}}); err != nil {
		t.Fatal(err)
	}
	a.authorities = x509.NewCertPool()
	server := nodeapi.New(nodeapi.Config{
		Store: s, Storage: root, Keys: a.keys,
		Objects: buckets.New(buckets.Options{Store: s, Keys: a.keys, Authorities: a.authorities,
			Memory: objectstore.NewMemory(objectstore.DefaultMemory, 0), Logger: slog.New(slog.DiscardHandler)}),
		NodeUser: func() nodeapi.Credentials { return nodeapi.Credentials{Username: nodeUser, Password: nodePass} },
		Transfer: nodeapi.TransferSettings{
			Door:       nodeapi.Door{Host: "192.0.2.7", SSHPort: 33001, UDPPort: 33002, WSSPort: 9093, SSHFingerprint: "ab12"},
			User:       "xfer",
			Ciphers:    []string{"aes-256-gcm", "aes-128-gcm"},
			RatePolicy: "fair", TargetRateKbps: 100_000, MaxRateKbps: 500_000,
		},
		NodeID: "n1", ClusterID: "c1", Version: "9.9", Now: time.Now, Log: slog.New(slog.NewJSONHandler(a.log, nil)),
		Metrics: prometheus.NewRegistry(),
	})
	a.server = server
	web := httptest.NewTLSServer(server.Handler())
	t.Cleanup(web.Close)
	a.url = web.URL
	a.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	a.caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(a.caFile, a.ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *api) client(t *testing.T, user, password string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: a.url, Username: user, Password: password, CA: a.ca,
		ServerName: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// limitVisits sets how many entries a search visits at most.
func (a *api) limitVisits(n int) { nodeapi.LimitVisits(a.server, n) }

func (a *api) master(t *testing.T) *client.Client { return a.client(t, nodeUser, nodePass) }

// curl runs the real client and returns the status and the headers and body as they came.
func (a *api) curl(t *testing.T, path string, args ...string) (status, headers, body string) {
	t.Helper()
	args = append([]string{"-sS", "--http1.1", "--cacert", a.caFile, "-D", "/dev/stderr", "-w", "\n%{http_code}", a.url +
		path}, args...)
	cmd := exec.CommandContext(t.Context(), "curl", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("curl: %v: %s", err, stderr.String())
	}
	out := stdout.String()
	i := strings.LastIndexByte(out, '\n')
	return out[i+1:], stderr.String(), out[:i]
}

// served is how a handler answers a call.
func served(h http.Handler, user, password, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.SetBasicAuth(user, password)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var asNode = []string{"-u", nodeUser + ":" + nodePass}

func (a *api) write(t *testing.T, path, text string) {
	t.Helper()
	if a.bucket != nil && strings.HasPrefix(path, "k/") {
		a.bucket.Put(t, path, text)
		return
	}
	full := filepath.Join(a.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWithCurl(t *testing.T) {
	a := start(t)
	errorOf := func(body string) (e client.ErrorBody) {
		var out struct {
			Error client.ErrorBody `json:"error"`
		}
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			t.Errorf("error body %q: %v", body, err)
		}
		return out.Error
	}
	status, _, body := a.curl(t, "/ping")
	if status != "200" || body != "" {
		t.Errorf("ping: %s %q", status, body)
	}
	status, headers, body := a.curl(t, "/info")
	if status != "401" || !strings.Contains(headers, "Www-Authenticate: Basic") || errorOf(body).Code != 401 {
		t.Errorf("info without credentials: %s\n%s%s", status, headers, body)
	}
	for _, credentials := range []string{nodeUser + ":wrong", "other:" + nodePass, nodeUser +
		":", ":", "wörd:x", strings.Repeat("x", 5000) + ":x"} {
		if status, _, _ := a.curl(t, "/info", "-u", credentials); status != "401" {
			t.Errorf("credentials %q: %s", credentials, status)
		}
	}
	status, headers, body = a.curl(t, "/info", asNode...)
	var info client.Info
	if err := json.Unmarshal([]byte(body), &info); err != nil || status != "200" || info.TransferUser != "xfer" ||
		info.Version != "9.9" ||
		info.ACLs[0] != "key_master" || !strings.Contains(headers, "Content-Type: application/json") {
		t.Errorf("info: %s %v\n%s%s", status, err, headers, body)
	}
	// Clients take no text for a truth value or a number: node-3.
	for _, typed := range []string{`"name":"wss_enabled","value":true`, `"name":"wss_port","value":9093`,
		`"name":"content_protection_required","value":false`} {
		if !strings.Contains(body, typed) {
			t.Errorf("info has no %s: %s", typed, body)
		}
	}
	status, _, body = a.curl(t, "/nothing", asNode...)
	if status != "404" || errorOf(body).UserMessage == "" {
		t.Errorf("unknown call: %s %s", status, body)
	}
	for path, want := range map[string]string{
		"/ops/transfers/%C3%BC": "404", "/ops/transfers/%00": "404", "/access_keys/%C3%BC": "404", "/access_keys/%2F": "404",
		"/ops/transfers?access_key=%C3%BC": "200", "/ops/transfers?tag=%25%5C%27%00%FF": "200",
		"/ops/transfers?count=0":   "400",
		"/files/%2Fa%2Fb/contents": "404", "/%2e%2e/info": "404",
	} {
		if status, _, body := a.curl(t, path, append(asNode, "--path-as-is")...); status != want {
			t.Errorf("%s: %s %s", path, status, body)
		}
	}
	for name, payload := range map[string]string{"not json": "x", "null": "null", "two": "{}{}",
		"wrong type": `{"transfer_requests":7}`, "empty": ""} {
		status, _, body = a.curl(t, "/files/upload_setup", append(asNode, "-X", "POST", "-d", payload)...)
		if status != "400" || errorOf(body).Code != 400 {
			t.Errorf("%s: %s %s", name, status, body)
		}
	}
	status, headers, body = a.curl(t, "/ops/transfers", asNode...)
	if status != "200" || strings.TrimSpace(body) != "[]" || !strings.Contains(headers, "Content-Type: application/json") {
		t.Errorf("transfers: %s %s", status, body)
	}
	status, _, body = a.curl(t, "/ops/transfers/00000000-0000-0000-0000-000000000000", append(asNode, "-X", "CANCEL")...)
	if status != "404" || errorOf(body).Code != 404 {
		t.Errorf("cancel of nothing: %s %s", status, body)
	}
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, bytes.Repeat([]byte(" "), 9<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := a.curl(t, "/files/browse", append(asNode, "--data-binary", "@"+big)...); status != "413" {
		t.Errorf("9 MiB: %s", status)
	}
	if strings.Contains(a.log.String(), nodePass) {
		t.Error("the log holds the password")
	}
}

func TestSetupSealsWhatWasAsked(t *testing.T) {
	a := start(t)
	status, _, body := a.curl(t, "/files/upload_setup", append(asNode, "-d",
		`{"transfer_requests":[{"transfer_request":{"destination_root":"/default/p1","cookie":"c:1","paths":[{"source":"a.txt"}],
		"tags":{"aspera":{"faspex":{"package_id":"p1"}}},"target_rate_kbps":900000,"token_life_seconds":60}}]}`)...)
	if status != "200" {
		t.Fatalf("%s %s", status, body)
	}
	var out client.TransferSpecs
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	spec := *out.TransferSpecs[0].TransferSpec
	if spec.Direction != "send" || spec.DestinationRoot != "/default/p1" || spec.RemoteHost != "192.0.2.7" ||
		spec.RemoteUser != "xfer" ||
		spec.SSHPort != 33001 || spec.FASPPort != 33002 || !spec.WSSEnabled || spec.WSSPort != 9093 || spec.SSHFP != "ab12" ||
		spec.Cipher != "aes-256-gcm" || spec.CipherAllowed != "aes-128-gcm" ||
		spec.TargetRateKbps != 500_000 || spec.RatePolicy != "fair" || spec.Cookie != "c:1" || len(spec.Paths) != 1 ||
		spec.Paths[0].Source != "a.txt" {
		t.Errorf("spec = %s", body)
	}
	g, err := a.keys.Open(spec.Token)
	if err != nil {
		t.Fatal(err)
	}
	var tags struct {
		Aspera struct {
			XferID string `json:"xfer_id"`
			Faspex struct {
				PackageID string `json:"package_id"`
			} `json:"faspex"`
		} `json:"aspera"`
	}
	if err := json.Unmarshal(g.Tags, &tags); err != nil || tags.Aspera.Faspex.PackageID != "p1" ||
		tags.Aspera.XferID != g.TransferID {
		t.Errorf("tags = %s", g.Tags)
	}
	left := time.Until(g.ExpiresAt)
	if g.Cookie != "c:1" || g.User != "xfer" || g.Root != "/" || g.TokenUser != nodeUser || left > time.Minute ||
		left < 30*time.Second {
		t.Errorf("grant = %+v", g)
	}
	if strings.Contains(a.log.String(), spec.Token) {
		t.Error("the log holds the token")
	}
}

func TestSetupPaths(t *testing.T) {
	a := start(t)
	c := a.master(t)
	type paths = []token.Path
	tests := map[string]struct {
		upload                  bool
		req                     client.TransferRequest
		allowed                 paths
		sourceRoot, destination string
		shown                   paths
		status                  int
	}{
		"upload to the root": {upload: true, allowed: paths{{Destination: "/"}}, destination: "/"},
		"upload to one destination": {upload: true, req: client.TransferRequest{Paths: paths{{Destination: "/in/../x"}}},
			allowed: paths{{Destination: "/x"}}, destination: "/x"},
		"upload climbs out": {upload: true, req: client.TransferRequest{DestinationRoot: "/in",
			Paths: paths{{Destination: "../../x"}}}, allowed: paths{{Destination: "/in/x"}}, destination: "/in/x"},
		"upload pairs": {upload: true, req: client.TransferRequest{DestinationRoot: "/d",
			Paths: paths{{Source: "a", Destination: "b"}}}, allowed: paths{{Source: "a", Destination: "/d/b"}},
			destination: "/d", shown: paths{{Source: "a", Destination: "b"}}},
		"upload of mixed paths": {upload: true,
			req: client.TransferRequest{Paths: paths{{Source: "a", Destination: "b"}, {Source: "c"}}}, status: 400},
		"upload with a NUL": {upload: true, req: client.TransferRequest{DestinationRoot: "/a\x00b"}, status: 400},
		"upload with too long name": {upload: true, req: client.TransferRequest{DestinationRoot: "/" +
			strings.Repeat("x", 256)}, status: 400},
		"upload with negative life": {upload: true, req: client.TransferRequest{TokenLifeSeconds: -1}, status: 400},
		"upload with bad tags":      {upload: true, req: client.TransferRequest{Tags: []byte(`{"aspera":[]}`)}, status: 400},
		"download of a whole folder": {req: client.TransferRequest{SourceRoot: "/default/p1"},
			allowed: paths{{Source: "/default/p1"}}, sourceRoot: "/default/p1", shown: paths{{Source: "."}}},
		"download of names": {req: client.TransferRequest{SourceRoot: "/d",
			Paths: paths{{Source: "a"}, {Source: "/b/c"}}}, allowed: paths{{Source: "/d/a"}, {Source: "/d/b/c"}},
			sourceRoot: "/d", shown: paths{{Source: "a"}, {Source: "/b/c"}}},
		"download climbs out": {req: client.TransferRequest{SourceRoot: "/d", Paths: paths{{Source: "../e"}}},
			allowed: paths{{Source: "/d/e"}}, sourceRoot: "/d", shown: paths{{Source: "../e"}}},
		"download pairs": {req: client.TransferRequest{Paths: paths{{Source: "a", Destination: "b"}}},
			allowed: paths{{Source: "/a", Destination: "b"}}, shown: paths{{Source: "a", Destination: "b"}}},
		"download of a destination": {req: client.TransferRequest{Paths: paths{{Destination: "b"}}}, status: 400},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			setup := c.DownloadSetup
			if tt.upload {
				setup = c.UploadSetup
			}
			spec, err := setup(t.Context(), tt.req)
			if tt.status != 0 {
				var e *client.Error
				if !asError(err, &e) || e.Status != tt.status {
					t.Fatalf("error = %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			g, err := a.keys.Open(spec.Token)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "allowed", g.Paths, tt.allowed)
			equal(t, "paths", spec.Paths, tt.shown)
			equal(t, "source_root", spec.SourceRoot, tt.sourceRoot)
			equal(t, "destination_root", spec.DestinationRoot, tt.destination)
		})
	}
}

// record records a transfer that ended well.
func (a *api) record(t *testing.T, r record.Transfer) {
	t.Helper()
	recorder := store.NewRecorder(a.store, "n1", time.Now, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	recording, err := recorder.Begin(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	recording.Finish(record.Outcome{Status: record.StatusCompleted})
	stop()
	recorder.Run(ctx) // It writes what is left.
}
