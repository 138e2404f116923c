package store

import (
	"context"
	"database/sql"
	"fmt"
)

// SetPassword stores a new password hash and ends everything that the old one opened: access tokens, also those that
// were issued for the account's key, refresh tokens, and codes that were not used yet. Codes that were mailed to set a
// password end as well. Whether the key stays is the caller's affair. The password need not be changed.
func (s *Store) SetPassword(ctx context.Context, accountID int64, hash string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error { return setPassword(ctx, tx, accountID, hash, "") })
	if err != nil {
		return fmt.Errorf("set password of account %d: %w", accountID, classify(err))
	}
	return nil
}

// ResetPassword is SetPassword for somebody who did not prove to know the old one: the account's public key goes as
// well.
func (s *Store) ResetPassword(ctx context.Context, accountID int64, hash string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error { return resetPassword(ctx, tx, accountID, hash) })
	if err != nil {
		return fmt.Errorf("reset password of account %d: %w", accountID, classify(err))
	}
	return nil
}

// resetPassword takes the public key with the old password: whoever it is reset against may have put the key there.
func resetPassword(ctx context.Context, tx *sql.Tx, accountID int64, hash string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE accounts SET public_key = NULL WHERE id = ?`, accountID); err != nil {
		return err
	}
	return setPassword(ctx, tx, accountID, hash, "")
}

// keptPasswords is how many passwords of an account are known again, the present one among them: the largest
// password_history_limit.
const keptPasswords = 100

// setPassword leaves the refresh tokens of one login, if it is named. They carry the old epoch until keepSession.
func setPassword(ctx context.Context, tx *sql.Tx, accountID int64, hash, login string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO password_history (account_id, hash)
		SELECT id, password_hash FROM accounts WHERE id = ? AND password_hash IS NOT NULL`, accountID); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM password_history WHERE account_id = ? AND id <= (SELECT id FROM password_history
		WHERE account_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`, accountID, accountID, keptPasswords-1); err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx,
		`UPDATE accounts SET password_hash = ?, password_change_required = FALSE, password_set_at = UTC_TIMESTAMP(3), token_epoch = token_epoch + 1 WHERE id = ?`,
		hash, accountID)
	if err != nil {
		return err
	}
	if err := oneRow(res, "account", accountID); err != nil {
		return err
	}
	// Those that are made at this moment carry the old epoch, and are refused.
	if _, err := tx.ExecContext(ctx, `DELETE FROM refresh_tokens WHERE account_id = ? AND (login = '' OR login <> ?)`,
		accountID, login); err != nil {
		return err
	}
	for _, table := range []string{"authorization_codes", "one_time_codes"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE account_id = ?`, accountID); err != nil {
			return err
		}
	}
	return nil
}

// LastPasswords gives the hashes of the passwords that an account had last, the present one among them: at most limit.
func (s *Store) LastPasswords(ctx context.Context, account int64, limit int) ([]string, error) {
	list, err := collect(ctx, s.db, func(r rower) (hash string, err error) { return hash, r.Scan(&hash) },
		`SELECT hash FROM (SELECT 18446744073709551615 AS id, password_hash AS hash FROM accounts WHERE id = ? AND password_hash IS NOT NULL
			UNION ALL SELECT id, hash FROM password_history WHERE account_id = ?) h ORDER BY id DESC LIMIT ?`, account, account, limit)
	if err != nil {
		return nil, fmt.Errorf("read last passwords of account %d: %w", account, err)
	}
	return list, nil
}

// RequireNewPasswords has every local account but one choose another password at its next login, and ends what their
// passwords opened until now, access tokens too.
func (s *Store) RequireNewPasswords(ctx context.Context, but int64) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE accounts SET password_change_required = TRUE, token_epoch = token_epoch + 1
		WHERE type NOT IN ('saml_user', 'external_user') AND password_hash IS NOT NULL AND id <> ?`, but); err != nil {
		return fmt.Errorf("require new passwords: %w", err)
	}
	return nil
}
