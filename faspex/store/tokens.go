package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// AuthorizationCode is what a login allowed a client to fetch, once.
type AuthorizationCode struct {
	Hash            [32]byte // SHA-256 of the code
	ClientID        string
	AccountID       int64
	RedirectURI     string
	Challenge       string // empty when the client sent none
	ChallengeMethod string // S256 or plain
	Family          string // uuid of everything that grows from this login
	ExpiresAt       time.Time
}

// RefreshToken lets a client get access tokens after the login.
type RefreshToken struct {
	Hash      [32]byte // SHA-256 of the token
	Family    string
	ClientID  string
	AccountID int64
	ExpiresAt time.Time
}

// ErrReused means that a code or refresh token was used before: someone else has it.
var ErrReused = errors.New("already used")

// PutAuthorizationCode stores a code.
func (s *Store) PutAuthorizationCode(ctx context.Context, c AuthorizationCode) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO authorization_codes (code_hash, client_id, account_id, redirect_uri, challenge, challenge_method, family, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, c.Hash[:], c.ClientID, c.AccountID, c.RedirectURI, c.Challenge, c.ChallengeMethod, c.Family, c.ExpiresAt)
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
		err := tx.QueryRowContext(ctx, `SELECT client_id, account_id, redirect_uri, challenge, challenge_method, family, expires_at, used_at
			FROM authorization_codes WHERE code_hash = ? FOR UPDATE`, hash[:]).
			Scan(&c.ClientID, &c.AccountID, &c.RedirectURI, &c.Challenge, &c.ChallengeMethod, &c.Family, &c.ExpiresAt, &used)
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
	_, err := s.db.ExecContext(ctx, `INSERT INTO refresh_tokens (token_hash, family, client_id, account_id, expires_at) VALUES (?, ?, ?, ?, ?)`,
		t.Hash[:], t.Family, t.ClientID, t.AccountID, t.ExpiresAt)
	if err != nil {
		return fmt.Errorf("store refresh token: %w", classify(err))
	}
	return nil
}

// UseRefreshToken reads a refresh token and marks it used, in one step. ErrReused, with the token, when it was used before.
func (s *Store) UseRefreshToken(ctx context.Context, hash [32]byte, now time.Time) (RefreshToken, error) {
	t := RefreshToken{Hash: hash}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var used sql.NullTime
		err := tx.QueryRowContext(ctx, `SELECT family, client_id, account_id, expires_at, used_at FROM refresh_tokens WHERE token_hash = ? FOR UPDATE`, hash[:]).
			Scan(&t.Family, &t.ClientID, &t.AccountID, &t.ExpiresAt, &used)
		if err != nil {
			return err
		}
		if used.Valid {
			return ErrReused
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
		_, err := tx.ExecContext(ctx, `INSERT INTO revoked_families (family, expires_at) VALUES (?, ?)
			ON DUPLICATE KEY UPDATE expires_at = GREATEST(expires_at, VALUES(expires_at))`, family, until)
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke login: %w", err)
	}
	return nil
}

// FamilyRevoked reports whether a login was ended.
func (s *Store) FamilyRevoked(ctx context.Context, family string) (bool, error) {
	var n int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM revoked_families WHERE family = ?`, family).Scan(&n); err != nil {
		return false, fmt.Errorf("read revoked logins: %w", err)
	}
	return n > 0, nil
}

// UseAssertion records that a signed assertion was used. ErrConflict when it was used before.
func (s *Store) UseAssertion(ctx context.Context, hash [32]byte, expires time.Time) error {
	if _, err := s.db.ExecContext(ctx, `INSERT INTO used_assertions (assertion_hash, expires_at) VALUES (?, ?)`, hash[:], expires); err != nil {
		return fmt.Errorf("record assertion: %w", classify(err))
	}
	return nil
}

// keepThrottles is longer than any wait, and than tries count.
const keepThrottles = 2 * time.Hour

// PurgeTokens forgets everything about logins that has ended by now.
func (s *Store) PurgeTokens(ctx context.Context, now time.Time) error {
	for _, table := range []string{"authorization_codes", "refresh_tokens", "revoked_families", "used_assertions"} {
		if _, err := s.db.ExecContext(ctx, `DELETE FROM `+table+` WHERE expires_at < ?`, now); err != nil {
			return fmt.Errorf("purge %s: %w", table, err)
		}
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM login_throttles WHERE last_failure < ?`, now.Add(-keepThrottles)); err != nil {
		return fmt.Errorf("purge login_throttles: %w", err)
	}
	return nil
}
