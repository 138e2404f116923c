// Package store owns the schema `faspex` in MariaDB and every query on it. It hands out plain rows; permissions, states
// and the wire are its callers' business.
package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Config says where the database is and as whom to speak to it.
type Config struct {
	Host     string
	Port     int
	Database string
	Username string
	Password string
	// TLS, when true, demands TLS and verifies the server by CAFile, or by the system's roots when it is empty.
	TLS    bool
	CAFile string
}

// ConfigFromEnv reads the restricted user's settings as db.env documents them: FASPEX_DB_HOST, FASPEX_DB_PORT,
// FASPEX_DB_CORE_DATABASE, FASPEX_DB_USERNAME, FASPEX_DB_PASSWORD, FASPEX_DB_USE_TLS, FASPEX_DB_TLS_CA_FILE. getenv
// is os.Getenv outside of tests.
func ConfigFromEnv(getenv func(string) string) (Config, error) {
	return configFromEnv(getenv, "FASPEX_DB_USERNAME", "FASPEX_DB_PASSWORD")
}

// AdminConfigFromEnv is ConfigFromEnv for the admin user of db_admin.env, who may change the schema.
func AdminConfigFromEnv(getenv func(string) string) (Config, error) {
	return configFromEnv(getenv, "FASPEX_DB_ASPERA_ADMIN_USERNAME", "FASPEX_DB_ASPERA_ADMIN_PASSWORD")
}

func configFromEnv(getenv func(string) string, userVar, passwordVar string) (Config, error) {
	c := Config{
		Host:     getenv("FASPEX_DB_HOST"),
		Port:     3306,
		Database: getenv("FASPEX_DB_CORE_DATABASE"),
		Username: getenv(userVar),
		Password: getenv(passwordVar),
		CAFile:   getenv("FASPEX_DB_TLS_CA_FILE"),
	}
	if c.Database == "" {
		c.Database = "faspex"
	}
	var problems []error
	if c.Host == "" {
		problems = append(problems, errors.New("FASPEX_DB_HOST is empty"))
	}
	if c.Username == "" {
		problems = append(problems, fmt.Errorf("%s is empty", userVar))
	}
	if p := getenv("FASPEX_DB_PORT"); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			problems = append(problems, errors.New("FASPEX_DB_PORT is not a port number"))
		}
		c.Port = n
	}
	if t := getenv("FASPEX_DB_USE_TLS"); t != "" {
		on, err := strconv.ParseBool(t)
		if err != nil {
			problems = append(problems, errors.New("FASPEX_DB_USE_TLS is neither true nor false"))
		}
		c.TLS = on
	}
	return c, errors.Join(problems...)
}

// Open makes a pool of connections; it does not connect yet.
func Open(c Config) (*sql.DB, error) { return open(c, false) }

func open(c Config, multiStatements bool) (*sql.DB, error) {
	m := mysql.NewConfig()
	m.Net, m.Addr = "tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	m.User, m.Passwd, m.DBName = c.Username, c.Password, c.Database
	m.ParseTime, m.Loc, m.Collation = true, time.UTC, "utf8mb4_general_ci"
	m.ClientFoundRows = true
	m.InterpolateParams = true // one way to the server and back a query instead of three
	m.MultiStatements = multiStatements
	m.Logger = &mysql.NopLogger{} // errors are returned; the driver would print them a second time, not as JSON
	m.Timeout, m.ReadTimeout, m.WriteTimeout = 10*time.Second, 30*time.Second, 30*time.Second
	if multiStatements {
		m.ReadTimeout = 10 * time.Minute
	}
	m.Params = map[string]string{"time_zone": "'+00:00'"}
	if c.TLS {
		conf := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
		if c.CAFile != "" {
			pem, err := os.ReadFile(c.CAFile)
			if err != nil {
				return nil, fmt.Errorf("read database CA: %w", err)
			}
			conf.RootCAs = x509.NewCertPool()
			if !conf.RootCAs.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("database CA file %s holds no certificate", c.CAFile)
			}
		}
		m.TLS = conf
	}
	connector, err := mysql.NewConnector(m)
	if err != nil {
		return nil, fmt.Errorf("configure database: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20) // fewer, and requests that come together wait for new connections
	db.SetConnMaxLifetime(5 * time.Minute)
	return db, nil
}

// Store is every query on the schema. Safe for concurrent use.
type Store struct {
	db       *sql.DB
	packages packageCount
}

// New makes a store on a pool made by Open.
func New(db *sql.DB) *Store { return &Store{db: db} }

// Close closes the pool.
func (s *Store) Close() error { return s.db.Close() }

// Errors that callers tell apart; wrapped with what was looked for.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("already exists")
	ErrInUse    = errors.New("still in use")
	ErrChanged  = errors.New("changed meanwhile")
)

// Error numbers of MariaDB.
const (
	errDuplicate  = 1062
	errReferenced = 1451
	errNoParent   = 1452
	errDeadlock   = 1213
	errChanged    = 1020 // the row changed since the transaction read it
)

// Unavailable reports whether an error means that the database could not be reached or went
// away, and not that it said no.
func Unavailable(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn)
}

// classify turns the driver's errors into the package's.
func classify(err error) error {
	var my *mysql.MySQLError
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.As(err, &my) && my.Number == errDuplicate:
		return ErrConflict
	case errors.As(err, &my) && my.Number == errReferenced:
		return ErrInUse
	case errors.As(err, &my) && my.Number == errNoParent:
		return ErrNotFound
	}
	return err
}

// rower is what *sql.Row and *sql.Rows share.
type rower interface{ Scan(dest ...any) error }

// Page cuts a list: Limit rows after Offset.
type Page struct{ Offset, Limit int }

// collect runs a query and scans every row.
func collect[T any](ctx context.Context, db querier, scan func(rower) (T, error),
	query string, args ...any) ([]T, error) {
	return collectInto(ctx, db, []T{}, scan, query, args...)
}

// collectInto is collect for callers who know how many rows to make room for.
func collectInto[T any](ctx context.Context, db querier, all []T, scan func(rower) (T, error),
	query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

const (
	// txAttempts is how often a transaction is tried that the database gave up in favor of another.
	txAttempts = 5
	// txPause, times the number of attempts, is the longest pause before the next one.
	txPause = 10 * time.Millisecond
)

// inTx runs f in one transaction. It runs f again when the database gave the transaction up for a deadlock, so f must
// do nothing but queries. Read committed locks only the rows that are taken, not the gaps around what was looked at, on
// which others would deadlock; and what it reads for update is the newest.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.tryTx(ctx, f)
		var my *mysql.MySQLError
		if attempt == txAttempts || !errors.As(err, &my) || (my.Number != errDeadlock && my.Number != errChanged) {
			return err
		}
		// Those who met go on at different times, or they would meet again.
		pause := time.NewTimer(rand.N(time.Duration(attempt) * txPause)) //nolint:gosec // no secret, only a pause
		select {
		case <-ctx.Done():
			pause.Stop()
			return err
		case <-pause.C:
		}
	}
}

func (s *Store) tryTx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error is the one that tells
		return err
	}
	return tx.Commit()
}
