package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	// linkCodePause is how long nobody has another code of a link mailed.
	linkCodePause = 30 * time.Second
	// linkCodeLock is how long no code of a link is taken, or mailed, after too many wrong ones.
	linkCodeLock = 30 * time.Minute
)

// WaitError says that something may be tried again after a while.
type WaitError struct {
	// Locked tells a lock after wrong codes from a pause between mails.
	Locked bool
	Wait   time.Duration
}

// Error says how long.
func (e *WaitError) Error() string { return "not before " + e.Wait.String() }

// NewLinkCode notes that a code of a link was made of a nonce and is good until a time, ends the one before, and orders
// the mail. *WaitError while the link is locked, or shortly after the last mail.
func (s *Store) NewLinkCode(ctx context.Context, subject, nonce string, now, expires time.Time, mailed Order) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var sent time.Time
		var locked sql.NullTime
		err := tx.QueryRowContext(ctx, `SELECT sent_at, locked_until FROM link_codes WHERE subject = ? FOR UPDATE`,
			subject).Scan(&sent, &locked)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case locked.Valid && now.Before(locked.Time):
			return &WaitError{Locked: true, Wait: locked.Time.Sub(now)}
		case now.Before(sent.Add(linkCodePause)):
			return &WaitError{Wait: sent.Add(linkCodePause).Sub(now)}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO link_codes (subject, nonce, sent_at, expires_at) VALUES (?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE nonce = VALUES(nonce), sent_at = VALUES(sent_at), expires_at = VALUES(expires_at), locked_until = NULL`,
			subject, nonce, now, expires); err != nil {
			return err
		}
		return putOrders(ctx, tx, []Order{mailed})
	})
	if err != nil {
		return fmt.Errorf("note the code of a link: %w", classify(err))
	}
	return nil
}

// LinkNonce reads of what the code of a link is made, and how long it is good from when it was ordered. ErrNotFound when
// none is good.
func (s *Store) LinkNonce(ctx context.Context, subject string) (nonce string, life time.Duration, err error) {
	var sent, expires time.Time
	if err := s.db.QueryRowContext(ctx, `SELECT nonce, sent_at, expires_at FROM link_codes WHERE subject = ? AND nonce <> ''`,
		subject).Scan(&nonce, &sent, &expires); err != nil {
		return "", 0, fmt.Errorf("read the code of a link: %w", classify(err))
	}
	return nonce, expires.Sub(sent), nil
}

// TryLinkCode takes a code that somebody typed: whether it is the one of the nonce is for right to say. A right one is
// good once. After some wrong ones, counted over all codes of the link, the link is locked: *WaitError.
func (s *Store) TryLinkCode(ctx context.Context, subject string, now time.Time, attempts int,
	right func(nonce string) bool) (good bool, err error) {
	var wait *WaitError
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		good, wait = false, nil
		var nonce string
		var expires time.Time
		var locked sql.NullTime
		var wrong int
		err := tx.QueryRowContext(ctx, `SELECT nonce, expires_at, locked_until, attempts FROM link_codes WHERE subject = ? FOR UPDATE`,
			subject).Scan(&nonce, &expires, &locked, &wrong)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		case locked.Valid && now.Before(locked.Time):
			wait = &WaitError{Locked: true, Wait: locked.Time.Sub(now)}
			return nil
		}
		if nonce != "" && now.Before(expires) && right(nonce) {
			good = true
			_, err = tx.ExecContext(ctx, `UPDATE link_codes SET nonce = '', attempts = 0, locked_until = NULL WHERE subject = ?`, subject)
			return err
		}
		if wrong+1 < attempts {
			_, err = tx.ExecContext(ctx, `UPDATE link_codes SET attempts = attempts + 1 WHERE subject = ?`, subject)
			return err
		}
		wait = &WaitError{Locked: true, Wait: linkCodeLock}
		_, err = tx.ExecContext(ctx, `UPDATE link_codes SET nonce = '', attempts = 0, locked_until = ? WHERE subject = ?`,
			now.Add(linkCodeLock), subject)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("try the code of a link: %w", classify(err))
	}
	if wait != nil {
		return false, wait
	}
	return good, nil
}

// PurgeLinkCodes forgets codes that nobody can type any more.
func (s *Store) PurgeLinkCodes(ctx context.Context, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM link_codes WHERE sent_at < ? AND expires_at <= ?
		AND (locked_until IS NULL OR locked_until <= ?)`, now.Add(-24*time.Hour), now, now); err != nil {
		return fmt.Errorf("purge codes of links: %w", err)
	}
	return nil
}
