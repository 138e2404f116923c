package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// PendingLogin is a login on its way: somebody proved to own an account, and steps are still to be done. It opens
// nothing by itself.
type PendingLogin struct {
	TokenHash [32]byte // SHA-256 of what the forms carry
	Account   Account
	Done      []string // names of the steps that are done
	ExpiresAt time.Time
}

// BeginLogin stores a login that is on its way.
func (s *Store) BeginLogin(ctx context.Context, p PendingLogin) error {
	if _, err := s.db.ExecContext(ctx, `INSERT INTO pending_logins (token_hash, account_id, epoch, done, expires_at)
		VALUES (?, ?, ?, ?, ?)`, p.TokenHash[:], p.Account.ID, p.Account.TokenEpoch, strings.Join(p.Done, ","),
		p.ExpiresAt); err != nil {
		return fmt.Errorf("begin login of account %d: %w", p.Account.ID, classify(err))
	}
	return nil
}

// PendingLogin reads a login that is on its way. ErrNotFound for one that is unknown, over, or of an account whose
// password was changed since.
func (s *Store) PendingLogin(ctx context.Context, token [32]byte, now time.Time) (PendingLogin, error) {
	p := PendingLogin{TokenHash: token}
	var done string
	err := s.db.QueryRowContext(ctx, `SELECT l.done, l.expires_at, `+accountColumns+` FROM pending_logins l
		JOIN accounts a ON a.id = l.account_id AND a.token_epoch = l.epoch
		WHERE l.token_hash = ? AND l.expires_at > ? AND a.deleted_at IS NULL`, token[:], now).
		Scan(append([]any{&done, &p.ExpiresAt}, p.Account.fields()...)...)
	if err != nil {
		return p, fmt.Errorf("read login on its way: %w", classify(err))
	}
	if done != "" {
		p.Done = strings.Split(done, ",")
	}
	return p, nil
}

// StepDone notes that a step of a login is done. The login goes on although the step was another password.
func (s *Store) StepDone(ctx context.Context, token [32]byte, step string) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE pending_logins l JOIN accounts a ON a.id = l.account_id
		SET l.epoch = a.token_epoch, l.done = CONCAT_WS(',', NULLIF(l.done, ''), ?) WHERE l.token_hash = ?`, step,
		token[:]); err != nil {
		return fmt.Errorf("note step of a login: %w", err)
	}
	return nil
}

// EndLogin forgets a login that was on its way, once: ErrNotFound when somebody else did.
func (s *Store) EndLogin(ctx context.Context, token [32]byte) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM pending_logins WHERE token_hash = ?`, token[:])
	var n int64
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err == nil && n == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return fmt.Errorf("end login on its way: %w", classify(err))
	}
	return nil
}

// PurgePendingLogins forgets logins that nobody finished.
func (s *Store) PurgePendingLogins(ctx context.Context, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM pending_logins WHERE expires_at <= ?`, now); err != nil {
		return fmt.Errorf("purge logins on their way: %w", err)
	}
	return nil
}
