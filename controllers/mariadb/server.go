// Package mariadb provisions databases and users over SQL and checks that they still are as they should be.
//
// It creates databases and users, grants and takes rights, and repairs what someone changed by hand. It knows nothing
// of Kubernetes objects and touches no table of anyone. No password is part of a statement (the server is given the
// hash), of an error or of a log.
package mariadb

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	dialTimeout = 5 * time.Second
	ioTimeout   = 15 * time.Second
)

// Errors that the functions of this package wrap, besides those of contexts.
var (
	// ErrUnreachable: no connection to the server, or it broke.
	ErrUnreachable = errors.New("database server is unreachable")
	// ErrAccessDenied: the server refused the credentials.
	ErrAccessDenied = errors.New("database server refused the credentials")
	// ErrHostRefused: the server takes no connections from the operator's address.
	ErrHostRefused = errors.New("database server refuses the operator's address")
	// ErrBusy: the server has as many connections as it takes.
	ErrBusy = errors.New("database server has too many connections")
	// ErrNameTaken: the server has a database of which the name begins with the wanted one's, or the other way round.
	ErrNameTaken = errors.New("the name begins that of another database, or begins with it")
	// ErrRefused: the server refused a statement.
	ErrRefused = errors.New("database server refused a statement")
)

// Server is where and as whom to connect.
type Server struct {
	Host     string
	Port     int32
	User     string
	Password string
	// TLS, if not nil, encrypts the connection and verifies the server; ServerName defaults to Host.
	TLS *tls.Config
}

// Addr is host:port.
func (s Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port))) }

// As is the same server for another user.
func (s Server) As(user, password string) Server {
	s.User, s.Password = user, password
	return s
}

// Ping connects, logs in, and asks for one row.
func (s Server) Ping(ctx context.Context) error {
	return s.with(ctx, func(conn *sql.Conn) error {
		var one int
		return classify("select", conn.QueryRowContext(ctx, "SELECT 1").Scan(&one))
	})
}

// Do runs f on one connection and closes it. Its error is one of this package's.
func (s Server) Do(ctx context.Context, f func(*sql.Conn) error) error {
	return s.with(ctx, func(conn *sql.Conn) error { return classify("look into a database", f(conn)) })
}

// with runs f on one connection and closes it.
func (s Server) with(ctx context.Context, f func(*sql.Conn) error) error {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr = s.User, s.Password, "tcp", s.Addr()
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = dialTimeout, ioTimeout, ioTimeout
	cfg.ParseTime, cfg.Loc = true, time.UTC
	cfg.Logger = &mysql.NopLogger{}
	if s.TLS != nil {
		cfg.TLS = s.TLS.Clone()
		if cfg.TLS.ServerName == "" {
			cfg.TLS.ServerName = s.Host
		}
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return fmt.Errorf("database configuration: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close() // nothing is lost: every statement has been answered
	conn, err := db.Conn(ctx)
	if err != nil {
		return classify("connect to "+s.Addr(), err)
	}
	defer conn.Close()
	return f(conn)
}

// classify wraps one of the errors of this package around err. Of what the server says only the number is kept: its
// texts may quote the statement.
func classify(action string, err error) error {
	if err == nil {
		return nil
	}
	var refusal *mysql.MySQLError
	if !errors.As(err, &refusal) {
		return fmt.Errorf("%s: %w: %w", action, ErrUnreachable, err)
	}
	switch refusal.Number {
	case 1045, 1698, 4151: // access denied, access denied without a password, account locked
		return fmt.Errorf("%s: %w (error %d)", action, ErrAccessDenied, refusal.Number)
	case 1129, 1130: // host blocked, host not allowed
		return fmt.Errorf("%s: %w (error %d)", action, ErrHostRefused, refusal.Number)
	case 1040, 1203: // too many connections, of a user
		return fmt.Errorf("%s: %w (error %d)", action, ErrBusy, refusal.Number)
	case 1053, 1927: // shutdown, connection killed
		return fmt.Errorf("%s: %w (error %d)", action, ErrUnreachable, refusal.Number)
	}
	return fmt.Errorf("%s: %w (error %d)", action, ErrRefused, refusal.Number)
}
