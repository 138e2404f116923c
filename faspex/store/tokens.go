package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/faspex/settings"
)

// AuthorizationCode is what a login allowed a client to fetch, once.
type AuthorizationCode struct {
	Hash            [32]byte // SHA-256 of the code
	ClientID        string
	AccountID       int64
	RedirectURI     string
	Challenge       string // empty when the client sent none
	ChallengeMethod string // S256 or plain
	Family          string // uuid of everything that grows from this code
	Login           string // of the session; empty without one
	Epoch           int64  // of the account at the login; no good once the account's is another
	ExpiresAt       time.Time
}

// RefreshToken lets a client get access tokens after the login.
type RefreshToken struct {
	Hash      [32]byte // SHA-256 of the token
	Family    string
	Login     string // of the session; empty without one
	ClientID  string
	AccountID int64
	Epoch     int64 // of the account at the login; no good once the account's is another
	ExpiresAt time.Time
}

// ErrReused means that a code or refresh token was used before: someone else has it.
var ErrReused = errors.New("already used")

// PutAuthorizationCode stores a code.
func (s *Store) PutAuthorizationCode(ctx context.Context, c AuthorizationCode) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO authorization_codes (code_hash, client_id, account_id, redirect_uri, challenge, challenge_method, family, login, epoch, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, c.Hash[:], c.ClientID, c.AccountID, c.RedirectURI, c.Challenge, c.ChallengeMethod, c.Family, c.Login, c.Epoch, c.ExpiresAt)
	if err != nil {
		return fmt.Errorf("store authorization code: %w", classify(err))
	}
	return nil
}

// UseAuthorizationCode reads a code and marks it used, in one step. ErrReused, with the code, when it was used before.
func (s *Store) UseAuthorizationCode(ctx context.Context, hash [32]byte, now time.Time) (AuthorizationCode, error) {
	c := AuthorizationCode{Hash: hash}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var used sql.NullTime
		err := tx.QueryRowContext(ctx, `SELECT client_id, account_id, redirect_uri, challenge, challenge_method, family, login, epoch, expires_at, used_at
			FROM authorization_codes WHERE code_hash = ? FOR UPDATE`, hash[:]).
			Scan(&c.ClientID, &c.AccountID, &c.RedirectURI, &c.Challenge, &c.ChallengeMethod, &c.Family, &c.Login, &c.Epoch,
				&c.ExpiresAt, &used)
		if err != nil {
			return err
		}
		if used.Valid {
			return ErrReused
		}
		_, err = tx.ExecContext(ctx, `UPDATE authorization_codes SET used_at = ? WHERE code_hash = ?`, now, hash[:])
		return err
	})
	if err != nil {
		return c, fmt.Errorf("use authorization code: %w", classify(err))
	}
	return c, nil
}

// PutRefreshToken stores a refresh token.
func (s *Store) PutRefreshToken(ctx context.Context, t RefreshToken) error {
	_, err := s.db.ExecContext(ctx,
		`INSERT INTO refresh_tokens (token_hash, family, login, client_id, account_id, epoch, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		t.Hash[:], t.Family, t.Login, t.ClientID, t.AccountID, t.Epoch, t.ExpiresAt)
	if err != nil {
		return fmt.Errorf("store refresh token: %w", classify(err))
	}
	return nil
}

// UseRefreshToken reads a refresh token and marks it used, in one step. ErrReused, with the token, when it was used
// before, unless that was less than tolerated ago: a duplicated tab holds the same token as its original.
func (s *Store) UseRefreshToken(ctx context.Context, hash [32]byte, now time.Time,
	tolerated time.Duration) (RefreshToken, error) {
	t := RefreshToken{Hash: hash}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var used sql.NullTime
		err := tx.QueryRowContext(ctx,
			`SELECT family, login, client_id, account_id, epoch, expires_at, used_at FROM refresh_tokens WHERE token_hash = ? FOR UPDATE`, hash[:]).
			Scan(&t.Family, &t.Login, &t.ClientID, &t.AccountID, &t.Epoch, &t.ExpiresAt, &used)
		if err != nil {
			return err
		}
		if used.Valid && !now.Before(used.Time.Add(tolerated)) {
			return ErrReused
		}
		if used.Valid {
			return nil
		}
		_, err = tx.ExecContext(ctx, `UPDATE refresh_tokens SET used_at = ? WHERE token_hash = ?`, now, hash[:])
		return err
	})
	if err != nil {
		return t, fmt.Errorf("use refresh token: %w", classify(err))
	}
	return t, nil
}

// RevokeFamily ends a login: its refresh tokens are gone, its access tokens refused until they would have ended anyway.
func (s *Store) RevokeFamily(ctx context.Context, family string, until time.Time) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM refresh_tokens WHERE family = ?`, family); err != nil {
			return err
		}
		return revoke(ctx, tx, family, until)
	})
	if err != nil {
		return fmt.Errorf("revoke login: %w", err)
	}
	return nil
}

// revoke has access tokens refused that carry a name as their family or their login.
func revoke(ctx context.Context, tx *sql.Tx, name string, until time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO revoked_families (family, expires_at) VALUES (?, ?)
		ON DUPLICATE KEY UPDATE expires_at = GREATEST(expires_at, VALUES(expires_at))`, name, until)
	return err
}

// AccountOfToken reads the account that an access token names, in one query with whether the token's family or login
// was ended, and how long its session is silent: every request asks for all of it.
func (s *Store) AccountOfToken(ctx context.Context, id int64, family, login string) (TokenAccount, error) {
	var t TokenAccount
	row := s.db.QueryRowContext(ctx, `SELECT `+accountColumns+`, EXISTS (SELECT 1 FROM revoked_families r WHERE r.family IN (?, ?)),
		(SELECT v.last_used_at FROM sessions v WHERE v.login = ? AND v.login <> ''),
		COALESCE((SELECT JSON_VALUE(c.document, '$.session_timeout_minutes') FROM settings c WHERE c.name = ?), ?)
		FROM accounts a WHERE a.id = ?`, family, login, login, settings.NameConfiguration,
		settings.DefaultConfiguration().SessionTimeoutMinutes, id)
	if err := row.Scan(append(t.Account.fields(), &t.Revoked, &t.LastUsed, &t.IdleMinutes)...); err != nil {
		return t, fmt.Errorf("read account %d: %w", id, classify(err))
	}
	return t, nil
}

// TokenAccount is the account that an access token names, and what else decides whether the token is good.
type TokenAccount struct {
	Account Account
	Revoked bool
	// LastUsed is when the session was used last that the token came from; null for a login without a session.
	LastUsed    sql.NullTime
	IdleMinutes int64 // how long a session may be silent
}

// UseAssertion records that a signed assertion was used. ErrConflict when it was used before.
func (s *Store) UseAssertion(ctx context.Context, hash [32]byte, expires time.Time) error {
	if _, err := s.db.ExecContext(ctx, `INSERT INTO used_assertions (assertion_hash, expires_at) VALUES (?, ?)`, hash[:],
		expires); err != nil {
		return fmt.Errorf("record assertion: %w", classify(err))
	}
	return nil
}

// keepThrottles is longer than any wait, and than tries count.
const keepThrottles = 2 * time.Hour

// PurgeTokens forgets everything about logins that has ended by now.
func (s *Store) PurgeTokens(ctx context.Context, now time.Time) error {
	for _, table := range []string{"authorization_codes", "refresh_tokens", "revoked_families", "used_assertions",
		"sessions"} {
		if _, err := s.db.ExecContext(ctx, `DELETE FROM `+table+` WHERE expires_at < ?`, now); err != nil {
			return fmt.Errorf("purge %s: %w", table, err)
		}
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM login_throttles WHERE last_failure < ?`,
		now.Add(-keepThrottles)); err != nil {
		return fmt.Errorf("purge login_throttles: %w", err)
	}
	return nil
}
