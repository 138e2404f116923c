package backup

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// systemRoots are where images keep the authorities that everybody trusts.
const systemRoots = "/etc/ssl/certs/ca-certificates.crt"

// Server is the database server, for a user who may read all databases that are backed up, and who may make databases
// and users for a restore. The programs mariadb and mariadb-dump have to be on the PATH.
type Server struct {
	Host           string
	Port           int
	User, Password string
	// TLS encrypts and verifies the server, by CAFile or the system's roots.
	TLS    bool
	CAFile string
}

// as is the same server for another user.
func (s Server) as(user, password string) Server {
	s.User, s.Password = user, password
	return s
}

// open makes a pool of connections.
func (s Server) open() (*sql.DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	c.User, c.Passwd = s.User, s.Password
	c.Timeout, c.ReadTimeout, c.WriteTimeout = 10*time.Second, 10*time.Minute, 10*time.Minute
	c.ParseTime, c.Loc = true, time.UTC
	c.Logger = &mysql.NopLogger{}
	if s.TLS {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.Host}
		if s.CAFile != "" {
			pem, err := os.ReadFile(s.CAFile)
			if err != nil {
				return nil, fmt.Errorf("read the database's authorities: %w", err)
			}
			c.TLS.RootCAs = x509.NewCertPool()
			if !c.TLS.RootCAs.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("%s holds no certificate", s.CAFile)
			}
		}
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("configure the database: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// missing are the roles whose database does not exist.
func (s Server) missing(ctx context.Context, databases map[string]string) (map[string]bool, error) {
	db, err := s.open()
	if err != nil {
		return nil, err
	}
	defer db.Close()
	missing := map[string]bool{}
	for role, name := range databases {
		var n int
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
			name).Scan(&n); err != nil {
			return nil, fmt.Errorf("look for database %s: %w", name, err)
		}
		missing[role] = n == 0
	}
	return missing, nil
}

// optionsFile writes what the programs read, so that no password is among their arguments. The caller removes it.
func (s Server) optionsFile() (string, error) {
	dir, err := os.MkdirTemp("", "mariadb-")
	if err != nil {
		return "", err
	}
	var text strings.Builder
	option := func(name, value string) {
		fmt.Fprintf(&text, "%s=\"%s\"\n", name, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value))
	}
	text.WriteString("[client]\nprotocol=tcp\n")
	option("host", s.Host)
	option("port", strconv.Itoa(s.Port))
	option("user", s.User)
	option("password", s.Password)
	option("max_allowed_packet", "1G")
	option("default-character-set", "utf8mb4")
	if s.TLS {
		ca := s.CAFile
		if _, err := os.Stat(systemRoots); ca == "" && err == nil {
			ca = systemRoots
		}
		if ca != "" {
			option("ssl-ca", ca)
		}
		text.WriteString("ssl\nssl-verify-server-cert\n")
	} else {
		text.WriteString("skip-ssl\n")
	}
	// What is loaded opens no file and starts no program; servers and programs before 10.11.8 do not know the option.
	text.WriteString("[mariadb-client]\nloose-sandbox\n")
	name := filepath.Join(dir, "options")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return name, nil
}

// run runs one of MariaDB's programs. Its error holds the last of what the program said, which names no secret.
func (s Server) run(ctx context.Context, in io.Reader, out io.Writer, program string, args ...string) (err error) {
	options, err := s.optionsFile()
	if err != nil {
		return fmt.Errorf("write options of %s: %w", program, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(filepath.Dir(options))) }()
	command := exec.CommandContext(ctx, program, append([]string{"--defaults-file=" + options}, args...)...)
	command.WaitDelay = 10 * time.Second
	said := &tail{}
	command.Stdin, command.Stdout, command.Stderr = in, out, said
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, said)
	}
	return nil
}

// dump writes the statements that make a database as it is at one moment: tables and rows. There is nothing else in
// ours, and who loads a dump may not make triggers and routines that run with the rights of others.
func (s Server) dump(ctx context.Context, database string, to io.Writer) error {
	return s.run(ctx, nil, to, "mariadb-dump", "--single-transaction", "--quick", "--hex-blob", "--skip-triggers",
		"--tz-utc", "--ignore-table="+database+"."+MarkerTable, "--", database)
}

// load runs the statements of a dump in a database.
func (s Server) load(ctx context.Context, database string, from io.Reader) error {
	return s.run(ctx, from, io.Discard, "mariadb", "--batch", "--database="+database)
}

// tail keeps the end of what a program says.
type tail struct{ buf bytes.Buffer }

const tailSize = 500

func (t *tail) Write(p []byte) (int, error) {
	t.buf.Write(p)
	if over := t.buf.Len() - tailSize; over > 0 {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.Join(strings.Fields(t.buf.String()), " ") }

// quote makes an identifier of a name.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
