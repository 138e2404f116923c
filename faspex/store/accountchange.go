package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// ErrLastAdmin means that no active admin would be left.
var ErrLastAdmin = errors.New("no active admin would be left")

// UpdateAccount writes what an administrator may change of an account. Its name, password, preferences and login time
// stay. Rights to transfer that it takes away are revoked on the
// nodes as well. ErrChanged when the account is not as before any more; ErrLoginTaken when another account has
// the e-mail address; ErrLastAdmin.
func (s *Store) UpdateAccount(ctx context.Context, before, after Account) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := lockAccount(ctx, tx, before); err != nil {
			return err
		}
		if activeAdmin(before) && !activeAdmin(after) {
			if err := keepAdmin(ctx, tx, before.ID); err != nil {
				return err
			}
		}
		if err := writeAccount(ctx, tx, before, after); err != nil {
			return err
		}
		return revokeRights(ctx, tx, before, after)
	})
	if err != nil {
		return fmt.Errorf("update account %d: %w", after.ID, classify(err))
	}
	return nil
}

// lockAccount keeps the row of an account until the transaction ends. ErrChanged when an administrator changed it since
// it was read.
func lockAccount(ctx context.Context, tx *sql.Tx, before Account) error {
	now, err := scanAccount(tx.QueryRowContext(ctx, `SELECT `+accountColumns+
		` FROM accounts a WHERE a.id = ? FOR UPDATE`, before.ID))
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(administered(now), administered(before)) {
		return ErrChanged
	}
	return nil
}

// administered is an account without what changes while people use it.
func administered(a Account) Account {
	a.Preferences, a.PasswordHash, a.MustChange, a.TokenEpoch = nil, "", false, 0
	a.LastLoginAt, a.UpdatedAt, a.LastLoginAddress = sql.NullTime{}, time.Time{}, ""
	a.PasswordSetAt = sql.NullTime{}
	return a
}

func activeAdmin(a Account) bool { return a.Role == RoleAdmin && a.Status == AccountActive }

// keepAdmin refuses to go on when nobody but one account is an active admin. The others are locked, so that two who
// demote each other do not both succeed.
func keepAdmin(ctx context.Context, tx *sql.Tx, but int64) error {
	var id int64
	err := tx.QueryRowContext(ctx,
		`SELECT id FROM accounts WHERE role = ? AND status = ? AND type <> ? AND id <> ? ORDER BY id LIMIT 1 FOR UPDATE`,
		RoleAdmin, AccountActive, TypeService, but).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrLastAdmin
	}
	return err
}

// writeAccount leaves the status that administrators gave when the change names none: an account that has expired is told
// as inactive, and is active again with another date.
func writeAccount(ctx context.Context, tx *sql.Tx, before, after Account) error {
	status := after.Status
	if status == before.Status {
		status = ""
	}
	_, err := tx.ExecContext(ctx, `UPDATE accounts a SET first_name = ?, last_name = ?, email = ?, role = ?, status = COALESCE(NULLIF(?, ''), status),
		description = ?, public_key = NULLIF(?, ''), uploads_allowed = ?, downloads_allowed = ?, options = ?, expires_at = ?, destroys_at = ?,
		activated_at = IF(? <> 'active' AND `+statusColumn+` = 'active', UTC_TIMESTAMP(3), activated_at) WHERE id = ?`,
		after.FirstName, after.LastName, after.Email, after.Role, status, after.Description, after.PublicKey,
		after.UploadsAllowed, after.DownloadsAllowed, []byte(after.Options), after.ExpiresAt, after.DestroysAt,
		before.Status, after.ID)
	if err != nil {
		return err
	}
	return changeEmail(ctx, tx, after.ID, after.Email)
}

// revokeRights has the nodes told of the rights to transfer that a change takes away.
func revokeRights(ctx context.Context, tx *sql.Tx, before, after Account) error {
	active := before.Status == AccountActive
	noUploads := active && before.UploadsAllowed && (after.Status != AccountActive || !after.UploadsAllowed)
	noDownloads := active && before.DownloadsAllowed && (after.Status != AccountActive || !after.DownloadsAllowed)
	switch {
	case noUploads && noDownloads:
		return revokeAccount(ctx, tx, after.ID, "")
	case noUploads:
		return revokeAccount(ctx, tx, after.ID, "send")
	case noDownloads:
		return revokeAccount(ctx, tx, after.ID, "receive")
	}
	return nil
}
