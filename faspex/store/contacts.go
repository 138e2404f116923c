package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Reach is whom an account can send to. Searching and sending ask the same condition, so that who is not found cannot
// be sent to.
type Reach struct {
	Owner int64
	// People are accounts: the own one, the own contacts, the members of Groups and, with All, everybody.
	People, All bool
	Groups      []int64
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
		others := known + ` OR ?`
		asked := []any{r.Owner, r.All}
		if len(r.Groups) > 0 {
			fellows := where{}
			whereIn(&fellows, `m.group_id`, r.Groups)
			others += ` OR a.id IN (SELECT m.account_id FROM group_members m` + fellows.sql() + `)`
			asked = append(asked, fellows.args...)
		}
		people, args = `(a.id = ? OR `+others+`)`, append([]any{r.Owner}, asked...)
		if r.OwnKind != nil {
			people = `(a.id = ? OR IF(a.type = 'self_registered_user', ?, ` + others + `))`
			args = append([]any{r.Owner, *r.OwnKind}, asked...)
		}
	}
	w.and(`IF(a.type = 'external_user', ? AND `+known+`, `+people+`)`, append([]any{r.Outside, r.Owner}, args...)...)
	w.and(`a.deleted_at IS NULL AND ` + statusColumn + ` = 'active'`)
}

// namesAtOnce is how many names one query looks up.
const namesAtOnce = 1000

// Addressees finds the accounts of logins that are within reach, in the order of the logins; 0 for a login of nobody there.
// That tells nobody who has an account: it is the same for who is out of reach and for who does not exist.
func (s *Store) Addressees(ctx context.Context, r Reach, logins []string) ([]int64, error) {
	out := make([]int64, len(logins))
	err := eachLogin(logins, func(first int, names []byte) error {
		w := where{}
		r.where(&w)
		found, err := collect(ctx, s.db, func(row rower) (f struct{ at, id int64 }, err error) {
			return f, row.Scan(&f.at, &f.id)
		}, `SELECT n.at, a.id FROM `+loginTable+` JOIN accounts a ON a.id = l.account_id`+w.sql(),
			append([]any{names}, w.args...)...)
		for _, f := range found {
			out[first+int(f.at)-1] = f.id
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read addressees: %w", err)
	}
	return out, nil
}

// LoginsOfUsers tells which of some logins belong to somebody who is no external user, by the login in small letters.
func (s *Store) LoginsOfUsers(ctx context.Context, logins []string) (map[string]bool, error) {
	out := map[string]bool{}
	err := eachLogin(logins, func(first int, names []byte) error {
		found, err := collect(ctx, s.db, func(row rower) (at int, err error) { return at, row.Scan(&at) },
			`SELECT n.at FROM `+loginTable+` JOIN accounts a ON a.id = l.account_id AND a.type <> 'external_user'`, names)
		for _, at := range found {
			out[strings.ToLower(logins[first+at-1])] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for logins of users: %w", err)
	}
	return out, nil
}

// loginTable joins the rows of logins with the names of a JSON list, which are numbered from 1.
const loginTable = `JSON_TABLE(?, '$[*]' COLUMNS (at FOR ORDINALITY, login VARCHAR(1024) PATH '$')) n
	JOIN account_logins l ON l.login = CONVERT(n.login USING utf8mb4) COLLATE utf8mb4_general_ci AND l.login <> '' `

// eachLogin does something with logins, some at a time, as a JSON list.
func eachLogin(logins []string, do func(first int, names []byte) error) error {
	for first := 0; first < len(logins); first += namesAtOnce {
		names, err := json.Marshal(logins[first:min(first+namesAtOnce, len(logins))])
		if err == nil {
			err = do(first, names)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PutExternal gives the external user with an e-mail address, who is made if there is none, and puts them into the
// contacts of an account (faspex-L1). ErrLoginTaken when somebody who is no external user has the address.
func (s *Store) PutExternal(ctx context.Context, owner int64, email string) (Account, error) {
	var a Account
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		id, err := putExternal(ctx, tx, owner, email)
		if err != nil {
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

func putExternal(ctx context.Context, tx *sql.Tx, owner int64, email string) (id int64, err error) {
	id, err = externalOf(ctx, tx, email)
	if errors.Is(err, sql.ErrNoRows) {
		id, err = insertAccount(ctx, tx, Account{Name: email, Email: email, Role: RoleUser, Type: TypeExternal,
			Status: AccountActive, DownloadsAllowed: true})
	}
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT IGNORE INTO contacts (owner_id, account_id) VALUES (?, ?)`, owner, id)
	return id, err
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
