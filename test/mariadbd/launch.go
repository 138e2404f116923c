package mariadbd

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"faspex.io/operator/test/freeport"
)

const startTimeout = 60 * time.Second

// launch initializes a data directory and starts a server on it. The server is killed by the kernel when this process
// dies, and removes its own directory then, so that neither a panic nor a kill -9 of a test leaves anything behind.
func launch() (*Server, error) {
	for _, program := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%w: install Debian's mariadb-server (make deps)", err)
		}
	}
	dir, err := os.MkdirTemp(tempRoot(), "mariadbd-")
	if err != nil {
		return nil, err
	}
	credential, err := serverUser(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	install := exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+
		data, "--auth-root-authentication-method=normal",
		"--skip-test-db", "--skip-name-resolve", "--force")
	install.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	// A server removes what looks like forgotten temporary tables when it starts: in a shared
	// directory those of others too.
	install.Env = append(os.Environ(), "TMPDIR="+dir)
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w\n%s", err, bytes.TrimSpace(out))
	}
	port, err := freeport.New()
	if err != nil {
		return nil, err
	}
	s := &Server{Host: "127.0.0.1", Port: port}
	exited, err := s.run(dir, data, credential)
	if err != nil {
		return nil, err
	}
	return s, s.waitReady(exited, filepath.Join(dir, "log"))
}

// run starts mariadbd below a shell that outlives a killed test process just long enough to
// stop the server and remove dir.
func (s *Server) run(dir, data string, credential *syscall.Credential) (<-chan error, error) {
	initFile := filepath.Join(dir, "init.sql")
	// mariadb-install-db also makes root@127.0.0.1 without a password, which would win over root@'%'.
	statements := "DROP USER IF EXISTS root@'127.0.0.1', root@'::1';\n" +
		"ALTER USER root@localhost IDENTIFIED BY '" + RootPassword + "';\n" +
		"CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '" + RootPassword + "';\n" +
		"GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n"
	if err := os.WriteFile(initFile, []byte(statements), 0o644); err != nil {
		return nil, err
	}
	const supervise = `"$@" >"$DIR/log" 2>&1 & server=$!
cat >/dev/null
kill -KILL $server; wait $server; rm -rf "$DIR"`
	cmd := exec.Command("sh", "-c", supervise, "sh", "mariadbd", "--no-defaults", "--datadir="+data,
		"--bind-address="+s.Host, "--port="+strconv.Itoa(s.Port), "--socket="+filepath.Join(dir, "socket"), "--pid-file="+
			filepath.Join(dir, "pid"),
		"--init-file="+initFile, "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
		"--innodb-log-file-size=16M", "--performance-schema=OFF", "--max-connections=200")
	cmd.Env = append(os.Environ(), "DIR="+dir, "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	if _, err := cmd.StdinPipe(); err != nil { // closes with this process: the supervisor's signal to stop
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	return exited, nil
}

func (s *Server) waitReady(exited <-chan error, log string) error {
	connector, err := mysql.NewConnector(s.RootConfig())
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case err := <-exited:
			return errors.Join(errors.New("mariadbd exited"), err)
		case <-ctx.Done():
			text, _ := os.ReadFile(log) // only adds detail to the error below
			return fmt.Errorf("not ready within %v: %w\n%s", startTimeout, err, text)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// serverUser is the account mariadbd runs as: it refuses to be root. dir is handed over to it.
func serverUser(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("mysql")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// tempRoot prefers memory: a database on it initializes in a fraction of the time.
func tempRoot() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}
