// Package store is the state of the transfer node in its MariaDB: access keys, file ids, transfers and their sessions.
//
// Every node of a DaemonSet shares one database, so any of them answers any question about any transfer. The package
// owns the schema and keeps it current. It knows nothing of HTTP or of file data.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"
)

// Errors that callers tell apart.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	// ErrOutsideParent is for a folder that is not beneath that of the key above.
	ErrOutsideParent = errors.New("the folder is not beneath that of the access key above")
	// ErrHasKeys is for the removal of a key that others were made with.
	ErrHasKeys = errors.New("access keys were made with this one")
	ErrBusy    = errors.New("too many logins at once")
	ErrTooDeep = errors.New("too many access keys are above this one")
)

// Store reads and writes the node's database. Safe for concurrent use.
type Store struct {
	db      *sql.DB
	cfg     *mysql.Config
	secrets *secretChecker
}

const (
	maxConnections = 16
	connectionLife = 5 * time.Minute
	// callTimeout bounds one statement: a database that hangs must not hang the node.
	callTimeout = 10 * time.Second
)

// New makes a store for the database that cfg names. It does not connect.
func New(cfg *mysql.Config) (*Store, error) {
	cfg = cfg.Clone()
	cfg.ParseTime = true
	cfg.Loc = time.UTC
	cfg.InterpolateParams = true // one way to the server and back a statement in place of three
	// An update that changes nothing still counts its row, so that "no row" means "not found".
	cfg.ClientFoundRows = true
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	// The code relies on refused overflow and on UTC, whatever the server's defaults.
	cfg.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO'"
	cfg.Params["time_zone"] = "'+00:00'"
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("database configuration: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections / 2)
	db.SetConnMaxLifetime(connectionLife)
	return &Store{db: db, cfg: cfg, secrets: newSecretChecker()}, nil
}

// Throttle counts the failed logins with access keys; the node user's are counted with them.
func (s *Store) Throttle() *Throttle { return s.secrets.throttle }

// Close closes the connections.
func (s *Store) Close() error { return s.db.Close() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := s.db.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// maxTries is how often a transaction runs that the database gives up in favour of another.
const maxTries = 5

// inTx runs fn in a transaction, and again when the database gave it up for another: fn must
// not keep state from a run before.
func (s *Store) inTx(ctx context.Context, fn func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := s.once(ctx, fn)
		if err == nil || !isGivenUp(err) || try == maxTries {
			return err
		}
	}
}

// once runs fn in one transaction. It reads what is committed, as all that must not change meanwhile is locked by name.
func (s *Store) once(ctx context.Context, fn func(context.Context, *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := fn(ctx, tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// isGivenUp reports a deadlock, a lock that was waited for too long, or a record that changed since it was read.
func isGivenUp(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == 1213 || e.Number == 1205 || e.Number == 1020)
}

// isDuplicate reports a violated primary or unique key.
func isDuplicate(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == 1062
}

// unavailable are the errors of a MariaDB that can't work now: too many connections, it shuts down, or it only reads.
var unavailable = []uint16{1040, 1053, 1129, 1203, 1226, 1290, 1836, 3032}

// IsUnavailable reports whether err is a failure to reach the database, which may pass, and not its answer. Numbers of
// the kernel are network errors by their methods, so those of files are told by their kind
// (TestIsUnavailableIsNoFileError).
func IsUnavailable(err error) bool {
	var network *net.OpError
	var answer *mysql.MySQLError
	if errors.As(err, &answer) {
		return slices.Contains(unavailable, answer.Number)
	}
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.Is(err, context.DeadlineExceeded)
}

// answered reports whether err is the answer of a database that works, not a failure to reach it.
func answered(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e)
}

// isASCII reports whether s can be an id at all. The database refuses to compare other texts with a column of ids.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
