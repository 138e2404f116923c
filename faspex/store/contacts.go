package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Reach is whom an account can send to. Searching and sending ask the same condition, so that who is not found cannot
// be sent to.
type Reach struct {
	Owner int64
	// People are accounts: the own one, the own contacts and, with All, everybody.
	People, All bool
	// OwnKind says of one who registered whether the others who did are within reach; nil for those who did not.
	OwnKind *bool
	// Outside are the external contacts.
	Outside bool
}

// where keeps the accounts (a) that are within reach.
func (r Reach) where(w *where) {
	const known = `EXISTS (SELECT 1 FROM contacts k WHERE k.owner_id = ? AND k.account_id = a.id)`
	people := `FALSE`
	var args []any
	if r.People {
		people, args = `(a.id = ? OR `+known+` OR ?)`, []any{r.Owner, r.Owner, r.All}
		if r.OwnKind != nil {
			people = `(a.id = ? OR IF(a.type = 'self_registered_user', ?, ` + known + ` OR ?))`
			args = []any{r.Owner, *r.OwnKind, r.Owner, r.All}
		}
	}
	w.and(`IF(a.type = 'external_user', ? AND `+known+`, `+people+`)`, append([]any{r.Outside, r.Owner}, args...)...)
	w.and(`a.deleted_at IS NULL AND ` + statusColumn + ` = 'active'`)
}

// Addressee reads the account of a login that is within reach. ErrNotFound tells nobody who has an account: it is the
// same for who is out of reach and for who does not exist.
func (s *Store) Addressee(ctx context.Context, r Reach, login string) (Account, error) {
	w := where{}
	w.and(`l.login = ? AND l.login <> ''`, login)
	r.where(&w)
	a, err := scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+
		` FROM account_logins l JOIN accounts a ON a.id = l.account_id`+w.sql(), w.args...))
	if err != nil {
		return a, fmt.Errorf("read addressee: %w", classify(err))
	}
	return a, nil
}

// PutExternal gives the external user with an e-mail address, who is made if there is none, and puts them into the
// contacts of an account (faspex-L1). ErrLoginTaken when somebody who is no external user has the address.
func (s *Store) PutExternal(ctx context.Context, owner int64, email string) (Account, error) {
	var a Account
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		id, err := externalOf(ctx, tx, email)
		if errors.Is(err, sql.ErrNoRows) {
			id, err = insertAccount(ctx, tx, Account{Name: email, Email: email, Role: RoleUser, Type: TypeExternal,
				Status: AccountActive, DownloadsAllowed: true})
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT IGNORE INTO contacts (owner_id, account_id) VALUES (?, ?)`, owner,
			id); err != nil {
			return err
		}
		a, err = scanAccount(tx.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.id = ?`, id))
		return err
	})
	if err != nil {
		return a, fmt.Errorf("keep external contact: %w", classify(err))
	}
	return a, nil
}

// externalOf finds the external user with an e-mail address, and keeps the row until the transaction ends.
func externalOf(ctx context.Context, tx *sql.Tx, email string) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT a.id FROM account_logins l JOIN accounts a ON a.id = l.account_id
		WHERE l.login = ? AND l.login <> '' AND a.type = 'external_user' FOR UPDATE`, email).Scan(&id)
	return id, err
}

// RemoveContact takes somebody out of the contacts of an account. An external user whom nothing else names goes with it,
// and the address is forgotten (faspex-L2). ErrNotFound.
func (s *Store) RemoveContact(ctx context.Context, owner, account int64) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM contacts WHERE owner_id = ? AND account_id = ?`, owner, account)
		if err != nil {
			return err
		}
		if err := oneRow(res, "contact", account); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM accounts WHERE id = ? AND type = 'external_user'
			AND NOT EXISTS (SELECT 1 FROM contacts WHERE account_id = accounts.id)
			AND NOT EXISTS (SELECT 1 FROM deliveries WHERE account_id = accounts.id)`, account)
		if errors.Is(classify(err), ErrInUse) {
			return nil // something else names it
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove contact %d: %w", account, classify(err))
	}
	return nil
}
