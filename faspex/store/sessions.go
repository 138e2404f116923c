package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Session is a browser in which somebody logged in.
type Session struct {
	CookieHash [32]byte // SHA-256 of the cookie
	Login      string   // uuid that tokens carry
	AccountID  int64
	Epoch      int64 // of the account at the login; no good once the account's is another
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time // whatever its use
	Ended      bool
}

// CreateSession stores a new session.
func (s *Store) CreateSession(ctx context.Context, v Session) error {
	_, err := s.db.ExecContext(ctx,
		`INSERT INTO sessions (cookie_hash, login, account_id, epoch, created_at, last_used_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		v.CookieHash[:], v.Login, v.AccountID, v.Epoch, v.CreatedAt, v.LastUsedAt, v.ExpiresAt)
	if err != nil {
		return fmt.Errorf("create login session: %w", classify(err))
	}
	return nil
}

// Session reads the session of a cookie, also one that has ended. ErrNotFound when there is none.
func (s *Store) Session(ctx context.Context, cookieHash [32]byte) (Session, error) {
	v := Session{CookieHash: cookieHash}
	var ended sql.NullTime
	err := s.db.QueryRowContext(ctx,
		`SELECT login, account_id, epoch, created_at, last_used_at, expires_at, ended_at FROM sessions WHERE cookie_hash = ?`,
		cookieHash[:]).
		Scan(&v.Login, &v.AccountID, &v.Epoch, &v.CreatedAt, &v.LastUsedAt, &v.ExpiresAt, &ended)
	if err != nil {
		return v, fmt.Errorf("read login session: %w", classify(err))
	}
	v.Ended = ended.Valid
	return v, nil
}

// TouchSession notes that a session is in use, so that it does not end for silence.
func (s *Store) TouchSession(ctx context.Context, login string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE sessions SET last_used_at = GREATEST(last_used_at, ?) WHERE login = ?`, at,
		login); err != nil {
		return fmt.Errorf("note use of login session: %w", err)
	}
	return nil
}

// RenewSession is TouchSession for a session that was used after a time and has not ended; false for another.
func (s *Store) RenewSession(ctx context.Context, login string, at, since time.Time) (bool, error) {
	res, err := s.db.ExecContext(ctx, `UPDATE sessions SET last_used_at = GREATEST(last_used_at, ?)
		WHERE login = ? AND last_used_at > ? AND ended_at IS NULL`, at, login, since)
	var n int64
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err != nil {
		return false, fmt.Errorf("renew login session: %w", err)
	}
	return n > 0, nil
}

// OpenSessions lists the names of an account's sessions that have not ended.
func (s *Store) OpenSessions(ctx context.Context, account int64, now time.Time) ([]string, error) {
	logins, err := collect(ctx, s.db, func(r rower) (login string, err error) { return login, r.Scan(&login) },
		`SELECT login FROM sessions WHERE account_id = ? AND ended_at IS NULL AND expires_at > ?`, account, now)
	if err != nil {
		return nil, fmt.Errorf("list login sessions of account %d: %w", account, err)
	}
	return logins, nil
}

// EndSession ends a session and everything that came from it: refresh tokens are gone, codes are gone, access tokens
// are refused until they would have ended anyway.
func (s *Store) EndSession(ctx context.Context, login string, now, until time.Time) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE sessions SET ended_at = COALESCE(ended_at, ?) WHERE login = ?`, now,
			login); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM authorization_codes WHERE login = ?`, login); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM refresh_tokens WHERE login = ?`, login); err != nil {
			return err
		}
		return revoke(ctx, tx, login, until)
	})
	if err != nil {
		return fmt.Errorf("end login session: %w", err)
	}
	return nil
}

// keepSession has what came from a session go on after the account's epoch changed: its
// owner changed the password in it.
func keepSession(ctx context.Context, tx *sql.Tx, accountID int64, login string) error {
	for _, table := range []string{"sessions", "refresh_tokens"} {
		if _, err := tx.ExecContext(ctx, `UPDATE `+table+` t JOIN accounts a ON a.id = t.account_id SET t.epoch = a.token_epoch
			WHERE t.account_id = ? AND t.login = ?`, accountID, login); err != nil {
			return err
		}
	}
	return nil
}
