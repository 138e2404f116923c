// Package mariadbd runs a real MariaDB server for tests: one server a test process, one empty database a test.
// It needs Debian's mariadb-server on the PATH and fails the test, never skips it, when that is missing.
// It knows nothing of any schema.
package mariadbd

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// RootPassword is the password of root@localhost and root@'%' of every server started here.
const RootPassword = "test-Root-0"

var (
	once     sync.Once
	shared   *Server
	errStart error
	counter  atomic.Int64
)

// Start returns the server of this test process, starting it for the first caller. The server ends with the process.
func Start(t testing.TB) *Server {
	t.Helper()
	once.Do(func() { shared, errStart = launch() })
	if errStart != nil {
		t.Fatalf("start mariadb: %v", errStart)
	}
	return shared
}

// Server is a running MariaDB that listens on a loopback TCP port.
type Server struct {
	Host string
	Port int
}

// Addr is host:port of the server.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host, fmt.Sprint(s.Port)) }

// RootConfig is a client configuration for root without a database.
func (s *Server) RootConfig() *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr = "root", RootPassword, "tcp", s.Addr()
	cfg.ParseTime = true
	cfg.Loc = time.UTC
	return cfg
}

// Database creates an empty database that is dropped when the test ends, and returns a root configuration for it.
func (s *Server) Database(t testing.TB) *mysql.Config {
	t.Helper()
	name := fmt.Sprintf("test_%d", counter.Add(1))
	s.exec(t, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { s.exec(t, "DROP DATABASE IF EXISTS "+name) })
	cfg := s.RootConfig()
	cfg.DBName = name
	return cfg
}

// Open opens cfg and closes it when the test ends.
func Open(t testing.TB, cfg *mysql.Config) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatalf("mysql configuration: %v", err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return db
}

func (s *Server) exec(t testing.TB, statements ...string) {
	t.Helper()
	db := Open(t, s.RootConfig())
	for _, q := range statements {
		if _, err := db.ExecContext(context.Background(), q); err != nil {
			t.Fatalf("%s: %v", strings.SplitN(q, " IDENTIFIED", 2)[0], err)
		}
	}
}
