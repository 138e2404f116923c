package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const secret = "a secret of the gateway's benchmark"

// contact is what the node prints.
type contact struct {
	Port        int    `json:"port"`
	Fingerprint string `json:"fingerprint"`
	Token       string `json:"token"`
	Receive     string `json:"receive"`
}

// bench is the servers and the files.
type bench struct {
	dir     string
	size    int64
	node    contact
	direct  string // nginx that stores
	proxied string // nginx before the gateway
	gateway *program
	all     []*program
	next    int // of names
}

func newBench(ctx context.Context, programs, dir string, size int64) (b *bench, err error) {
	b = &bench{dir: dir, size: size}
	defer func() {
		if err != nil {
			b.end()
		}
	}()
	for _, name := range []string{"store", "nodefiles", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return b, err
		}
	}
	if err := fill(source(dir), size); err != nil {
		return b, err
	}
	if err := b.startNode(ctx, filepath.Join(programs, "node")); err != nil {
		return b, err
	}
	plain, err := b.startGateway(ctx, filepath.Join(programs, "faspex"))
	if err != nil {
		return b, err
	}
	return b, b.startNginx(ctx, plain)
}

// fill makes a file of random bytes.
func fill(name string, size int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.Reader, size)
	return errors.Join(err, f.Close())
}

func (b *bench) startNode(ctx context.Context, name string) error {
	c := exec.CommandContext(ctx, name, "-root", filepath.Join(b.dir, "nodefiles"), "-addr", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := b.start(c); err != nil {
		return err
	}
	if err := json.NewDecoder(out).Decode(&b.node); err != nil {
		return fmt.Errorf("start the node: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // Its reports are not needed.
	return nil
}

func (b *bench) startGateway(ctx context.Context, name string) (address string, err error) {
	list := filepath.Join(b.dir, "nodes.yaml")
	if err := os.WriteFile(list, fmt.Appendf(nil, "nodes: [{host: 127.0.0.1, sshPort: %d}]\n", b.node.Port),
		0o600); err != nil {
		return "", err
	}
	if address, err = freeAddress(); err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, name, "gateway", "--listen", address)
	c.Env = append(os.Environ(), "FASPEX_GATEWAY_SECRET="+secret, "FASPEX_GATEWAY_NODES_FILE="+list,
		"FASPEX_GATEWAY_LOG_LEVEL=warn")
	if err := b.start(c); err != nil {
		return "", err
	}
	b.gateway = b.all[len(b.all)-1]
	return address, answers(ctx, "http://"+address+"/health")
}

const nginxConf = `worker_processes 1;
master_process off;
pid %[1]s/nginx.pid;
error_log stderr error;
daemon off;
events {}
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path %[1]s/tmp;
  proxy_temp_path %[1]s/tmp;
  fastcgi_temp_path %[1]s/tmp;
  uwsgi_temp_path %[1]s/tmp;
  scgi_temp_path %[1]s/tmp;
  ssl_certificate %[1]s/tls.crt;
  ssl_certificate_key %[1]s/tls.key;
  sendfile on;
  server {
    listen %[2]s ssl;
    root %[1]s/store;
    location / { dav_methods PUT DELETE; }
  }
  server {
    listen %[3]s ssl;
    location / {
      proxy_pass http://%[4]s;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      client_body_buffer_size 256k;
      proxy_buffer_size 128k;
      proxy_buffers 4 128k;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`

func (b *bench) startNginx(ctx context.Context, plain string) error {
	if err := writeCertificate(b.dir); err != nil {
		return err
	}
	var err error
	if b.direct, err = freeAddress(); err != nil {
		return err
	}
	if b.proxied, err = freeAddress(); err != nil {
		return err
	}
	conf := filepath.Join(b.dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, b.dir, b.direct, b.proxied, plain), 0o600); err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o755); err != nil { // The workers of nginx run as somebody else.
		return err
	}
	for _, name := range []string{"store", "tmp"} {
		if err := os.Chmod(filepath.Join(b.dir, name), 0o777); err != nil {
			return err
		}
	}
	if err := b.start(exec.CommandContext(ctx, "nginx", "-c", conf, "-e", "stderr", "-p", b.dir)); err != nil {
		return err
	}
	for range 200 {
		if c, err := net.Dial("tcp", b.proxied); err == nil {
			return c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("nginx does not come up")
}

func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "tls.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
			0o600),
		os.WriteFile(filepath.Join(dir, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY",
			Bytes: private}), 0o600))
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func answers(ctx context.Context, url string) error {
	for range 1000 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s does not answer", url)
}

// program is a server that runs.
type program struct{ cmd *exec.Cmd }

func (b *bench) start(c *exec.Cmd) error {
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := c.Start(); err != nil {
		return err
	}
	b.all = append(b.all, &program{c})
	return nil
}

func (b *bench) end() {
	for _, p := range b.all {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // It may be gone.
		_ = p.cmd.Wait()
	}
}

// cpu is how many seconds of processors all servers, and the clients that have ended, have used.
func (b *bench) cpu() (float64, error) {
	var clients syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &clients); err != nil {
		return 0, err
	}
	sum := time.Duration(clients.Utime.Nano() + clients.Stime.Nano()).Seconds()
	for _, p := range b.all {
		used, err := p.cpu()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// cpu is how many seconds of processors the program has used.
func (p *program) cpu() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks float64
	for _, text := range fields[11:13] { // utime and stime
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks / 100, nil
}

// peak is the most memory that the program has had, in bytes.
func (p *program) peak() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("the kernel does not tell the peak of memory")
}
