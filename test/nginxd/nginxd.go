// Package nginxd runs the router of an instance, a real nginx with the configuration that the operator writes, for one
// test. The servers behind it are the test's. It needs the program nginx; without it the test fails.
package nginxd

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"faspex.io/operator/controllers/certificate"
	"faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/test/freeport"
)

// Router is a router that runs until the test ends.
type Router struct {
	// URL and PlainURL are where it answers by TLS and without, without a path.
	URL, PlainURL string
	// TLS is what its clients need to know.
	TLS *tls.Config
	// Pid is the process of nginx.
	Pid int
	log *buffer
	dir string
}

// buffer is written to by the process and read by the test.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// Log is what nginx has written so far: its access log and its errors.
func (r *Router) Log() string {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	return r.log.text.String()
}

// Client returns an HTTP client that trusts the router, speaks HTTP/2 if http2 is true, and follows no redirects.
func (r *Router) Client(http2 bool) *http.Client {
	transport := &http.Transport{TLSClientConfig: r.TLS.Clone(), ForceAttemptHTTP2: http2, DisableCompression: true}
	if !http2 {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Start runs a router like config on ports of its own. The addresses in config must answer by the time of the first
// request; an empty one is nobody's.
func Start(t testing.TB, config instance.Router) *Router {
	t.Helper()
	dir, err := os.MkdirTemp("", "nginxd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, address := range []*string{&config.Core, &config.UI, &config.Utility} {
		if *address == "" {
			*address = "127.0.0.1:1"
		}
	}
	if config.LogLevel == "" {
		config.LogLevel = "warn"
	}
	router := &Router{log: &buffer{}, dir: dir}
	plain, secure := freePort(t), freePort(t)
	router.PlainURL, router.URL = "http://"+plain, "https://"+secure
	if config.ExternalURL == "" {
		config.ExternalURL = router.URL
	}
	router.Renew(t)
	text := strings.NewReplacer(
		"listen 8080", "listen "+plain, "listen 8443", "listen "+secure,
		"/tmp/", dir+"/", "/etc/nginx/tls/", dir+"/",
		"worker_processes auto;", "worker_processes auto;"+asRoot(),
	).Replace(config.Config())
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	script := strings.NewReplacer("/etc/nginx/faspex/", dir+"/", "/etc/nginx/tls/", dir+"/", "sleep 5", "sleep 0.1").
		Replace(instance.RouterScript)
	router.run(t, script, secure)
	return router
}

// Renew gives the router another certificate, as the kubelet does, and TLS what clients need to know of it.
func (r *Router) Renew(t testing.TB) {
	t.Helper()
	r.TLS = writeCertificate(t, r.dir)
}

// Spoil gives the router a certificate that is none.
func (r *Router) Spoil(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, certificate.CertKey), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// asRoot keeps the workers of a root's nginx root's: they have to reach the test's folder.
func asRoot() string {
	if os.Geteuid() == 0 {
		return " user root;"
	}
	return ""
}

func (r *Router) run(t testing.TB, script, address string) {
	t.Helper()
	log := r.log
	nginx := exec.Command("/bin/sh", "-c", script) // #nosec G204 -- the operator's own script
	nginx.Stdout, nginx.Stderr = log, log
	if err := nginx.Start(); err != nil {
		t.Fatalf("start nginx (Debian: nginx-light): %v", err)
	}
	r.Pid = nginx.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- nginx.Wait() }()
	t.Cleanup(func() {
		_ = nginx.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			t.Logf("nginx ended: %v", err)
		}
	})
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			log.mu.Lock()
			defer log.mu.Unlock()
			t.Fatalf("nginx ended: %v\n%s", err, log.text.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func writeCertificate(t testing.TB, dir string) *tls.Config {
	t.Helper()
	data, err := certificate.New(time.Now(), certificate.Subject{CommonName: "127.0.0.1",
		IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{certificate.CertKey, certificate.PrivateKeyKey} {
		if err := os.WriteFile(filepath.Join(dir, name), data[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data[certificate.CAKey]) {
		t.Fatal("the certificate authority is none")
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// freePort is an address that nobody listens at.
func freePort(t testing.TB) string {
	t.Helper()
	port, err := freeport.New()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
