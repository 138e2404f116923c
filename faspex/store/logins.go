package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// ErrLoginTaken means that another account has a name, or an e-mail address, as its name or e-mail address. It is an
// ErrConflict.
var ErrLoginTaken = fmt.Errorf("name or e-mail address of another account: %w", ErrConflict)

// Kinds of logins.
const (
	loginName  = "name"
	loginEmail = "email"
)

// claimLogin makes a text open an account. The primary key compares like logins do, so two accounts never share one.
func claimLogin(ctx context.Context, tx *sql.Tx, id int64, kind, login string) error {
	if login == "" {
		return nil
	}
	// The name of an account may be its e-mail address as well; the row stays then.
	if _, err := tx.ExecContext(ctx, `INSERT INTO account_logins (login, account_id, kind) VALUES (?, ?, ?)
		ON DUPLICATE KEY UPDATE account_id = account_id`, login, id, kind); err != nil {
		return err
	}
	var owner int64
	if err := tx.QueryRowContext(ctx, `SELECT account_id FROM account_logins WHERE login = ? FOR UPDATE`,
		login).Scan(&owner); err != nil {
		return err
	}
	if owner != id {
		return ErrLoginTaken
	}
	return nil
}

// changeEmail makes an e-mail address open an account instead of the one it had.
func changeEmail(ctx context.Context, tx *sql.Tx, id int64, email string) error {
	// What was mailed to another address sets no password any more.
	if _, err := tx.ExecContext(ctx, `DELETE FROM one_time_codes WHERE account_id = ? AND NOT EXISTS
		(SELECT 1 FROM account_logins WHERE account_id = ? AND kind = ? AND login = ?)`, id, id, loginEmail, email); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM account_logins WHERE account_id = ? AND kind = ?`, id,
		loginEmail); err != nil {
		return err
	}
	return claimLogin(ctx, tx, id, loginEmail, email)
}

// AccountByLogin reads one account by login name or e-mail address. External users have none that opens anything.
func (s *Store) AccountByLogin(ctx context.Context, login string) (Account, error) {
	a, err := scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account_logins l JOIN accounts a ON a.id = l.account_id
		WHERE l.login = ? AND l.login <> '' AND a.type <> ?`, login, TypeExternal))
	if err != nil {
		return a, fmt.Errorf("read account by login: %w", classify(err))
	}
	return a, nil
}

// uniqueLoginsVersion is the schema version from which on logins are unique.
const uniqueLoginsVersion = 3

// reportedLogins is how many logins an error names.
const reportedLogins = 20

// checkLogins refuses a schema in which several accounts share a login, before anything of it is changed: which of them
// keeps it is not for a program to decide.
func checkLogins(ctx context.Context, db *sql.DB) (err error) {
	rows, err := db.QueryContext(ctx, `SELECT MIN(login), GROUP_CONCAT(DISTINCT id ORDER BY id SEPARATOR ', ')
		FROM (SELECT name AS login, id FROM accounts UNION ALL SELECT email, id FROM accounts WHERE email <> '') l
		GROUP BY login HAVING COUNT(DISTINCT id) > 1 ORDER BY 1 LIMIT ?`, reportedLogins)
	if err != nil {
		return fmt.Errorf("look for logins that accounts share: %w", err)
	}
	defer rows.Close()
	var shared []string
	for rows.Next() {
		var login, ids string
		if err := rows.Scan(&login, &ids); err != nil {
			return fmt.Errorf("look for logins that accounts share: %w", err)
		}
		shared = append(shared, fmt.Sprintf("%q (accounts %s)", login, ids))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look for logins that accounts share: %w", err)
	}
	if len(shared) == 0 {
		return nil
	}
	return fmt.Errorf("%w: several accounts share a name or an e-mail address: %s; nothing was changed: with the version "+
		"before, give each account an e-mail address of its own, and migrate again", ErrRefused, strings.Join(shared, ", "))
}
