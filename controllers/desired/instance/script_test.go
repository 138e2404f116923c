package instance_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"faspex.io/operator/controllers/certificate"
	"faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/faspex/store"
)

// container is what the pod gives the script: folders, a port and a user without an entry in passwd.
type container struct {
	t      *testing.T
	dir    string
	port   int
	script string
}

const scriptUID = 999

func newContainer(t *testing.T) *container {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "mariadb-script-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"data", "run", "tmp", "root"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(dir, sub), scriptUID, scriptUID); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	demo := minimal()
	script := instance.ConfigMaps(demo)["demo-db-script"].Data["run.sh"]
	for _, r := range [][2]string{
		{"data=/var/lib/mysql/data", "data=" + dir + "/data/data"}, {"/run/faspex", dir + "/run"},
		{"/etc/faspex/mariadb-root", dir + "/root"}, {"--tmpdir=/tmp", "--tmpdir=" + dir + "/tmp"},
		{"--port=3306", "--port=" + strconv.Itoa(port)},
	} {
		if !strings.Contains(script, r[0]) {
			t.Fatalf("the script does not mention %s", r[0])
		}
		script = strings.ReplaceAll(script, r[0], r[1])
	}
	return &container{t, dir, port, script}
}

// start runs the script with that root password until the returned function is called.
func (c *container) start(password string) (stop func()) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, "root", "password"), []byte(password), 0o644); err != nil {
		c.t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		c.t.Fatal(err)
	}
	said := func() string {
		text, err := os.ReadFile(log.Name())
		if err != nil {
			c.t.Error(err)
		}
		return string(text)
	}
	cmd := exec.Command("/bin/sh", "-c", c.script)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: scriptUID, Gid: scriptUID}, Pdeathsig: syscall.SIGKILL, Setpgid: true,
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	deadline := time.After(2 * time.Minute)
	for c.probe() != nil {
		select {
		case err := <-exited:
			c.t.Fatalf("the script ended: %v\n%s", err, said())
		case <-deadline:
			c.t.Fatalf("the probe does not succeed\n%s", said())
		case <-time.After(200 * time.Millisecond):
		}
	}
	if strings.Contains(said(), password) {
		c.t.Error("the log holds the password")
	}
	return func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			c.t.Error(err)
		}
		if err := <-exited; err != nil {
			c.t.Errorf("stopped with %v\n%s", err, said())
		}
		if err := log.Close(); err != nil {
			c.t.Error(err)
		}
	}
}

// probe is the probe of the pod.
func (c *container) probe() error {
	cmd := exec.Command("mariadb", "--defaults-file="+c.dir+"/run/root.cnf", "--batch", "--execute=SELECT 1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: scriptUID, Gid: scriptUID}}
	return cmd.Run()
}

func (c *container) server(password string) mariadb.Server {
	return mariadb.Server{Host: "127.0.0.1", Port: int32(c.port), User: "root", Password: password}
}

func TestDatabaseScript(t *testing.T) {
	c := newContainer(t)
	if err := os.Mkdir(filepath.Join(c.dir, "data", "data.new"), 0o755); err != nil { // what a cut installation leaves
		t.Fatal(err)
	}
	const first, second = "first0Password", `se"c'on\d 0`
	stop := c.start(first)
	want := mariadb.Faspex("faspex", mariadb.Account{Name: "aspera", Password: "a"},
		mariadb.Account{Name: "faspex", Password: "b"})
	if _, err := mariadb.Provision(t.Context(), c.server(first), want); err != nil {
		t.Fatal(err)
	}
	stop()

	stop = c.start(second)
	defer stop()
	if err := c.server(first).Ping(t.Context()); err == nil {
		t.Error("the old root password still works")
	}
	changes, err := mariadb.Provision(t.Context(), c.server(second), want)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) > 0 {
		t.Errorf("a restart lost something: %q", changes)
	}
	for _, user := range []string{"root", ""} {
		if err := c.server("").As(user, "").Ping(context.WithoutCancel(t.Context())); err == nil {
			t.Errorf("user %q may log in without a password", user)
		}
	}
}

// TestDatabaseOverTLS provisions a server that demands TLS, as a managed one does, and uses it as core does.
//
// faspex-AG4: connections to the database go over TLS, and the given CA decides whom they believe.
func TestDatabaseOverTLS(t *testing.T) {
	c := newContainer(t)
	files, err := certificate.New(time.Now(), certificate.Subject{CommonName: "db", IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(c.dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c.script = strings.TrimRight(c.script, "\n") + " --require-secure-transport=ON --ssl-cert=" + c.dir +
		"/tls.crt --ssl-key=" + c.dir + "/tls.key\n"
	stop := c.start("root0Password")
	defer stop()

	config := func(ca []byte) *tls.Config {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	}
	server := c.server("root0Password")
	server.TLS = config(files[certificate.CAKey])
	want := mariadb.Faspex("faspex", mariadb.Account{Name: "aspera", Password: "a"},
		mariadb.Account{Name: "faspex", Password: "b"})
	if changes, err := mariadb.Provision(t.Context(), server, want); err != nil || len(changes) == 0 {
		t.Errorf("changes %q, error %v", changes, err)
	}
	others, err := certificate.New(time.Now(), certificate.Subject{CommonName: "other"})
	if err != nil {
		t.Fatal(err)
	}
	use := func(ca []byte, overTLS bool) error {
		file := filepath.Join(t.TempDir(), "ca.crt")
		if err := os.WriteFile(file, ca, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(store.Config{Host: server.Host, Port: int(server.Port), Database: "faspex", Username: "faspex",
			Password: "b", TLS: overTLS, CAFile: file})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		return db.PingContext(t.Context())
	}
	if err := use(files[certificate.CAKey], true); err != nil {
		t.Errorf("core with the given CA: %v", err)
	}
	if err := use(others[certificate.CAKey], true); err == nil {
		t.Error("core believes a server of another authority")
	}
	if err := use(files[certificate.CAKey], false); err == nil {
		t.Error("the server took a plain connection of core")
	}
	server.TLS = config(others[certificate.CAKey])
	err = server.Ping(t.Context())
	if outcome := mariadb.Outcome(server, err); !errors.Is(err, mariadb.ErrUnreachable) ||
		!strings.Contains(outcome.Message, "cannot be verified") {
		t.Errorf("a server of another authority: %v, %q", err, outcome.Message)
	}
	server.TLS = nil
	if err := server.Ping(t.Context()); err == nil {
		t.Error("the server took a plain connection")
	}
}
