package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Roles and statuses of accounts.
const (
	RoleAdmin   = "admin"
	RoleManager = "manager"
	RoleUser    = "user"

	AccountActive   = "active"
	AccountInactive = "inactive"
	// Types of accounts.
	TypeLocal          = "local_user"
	TypeSAML           = "saml_user"
	TypeSelfRegistered = "self_registered_user"
	TypeExternal       = "external_user"
	// TypeService is the type of accounts that are no person's but a part's of the product, such as the operator. Lists leave
	// them out, and they do not count as admins.
	TypeService = "service"

	// AccountPending waits for the approval of its registration.
	AccountPending = "pending_approval"
	// AccountLocked is what is told of an active account that too many failed logins keep from logging in by its password.
	AccountLocked = "locked"
	// AccountDeleted is what packages tell of a recipient whose account is gone.
	AccountDeleted = "deleted"
)

// Account is one person or program that may log in.
type Account struct {
	ID           int64
	Name         string // login name, unique without case
	FirstName    string
	LastName     string
	Email        string
	Role         string
	Type         string // local_user, saml_user, ... or TypeService
	Status       string
	Description  string
	PasswordHash string // PHC string; empty when no password was set
	MustChange   bool   // the password opens nothing before it was changed
	PublicKey    string // PEM, for JWT grants in the account's name
	Preferences  json.RawMessage
	// Options are what administrators set for the account, a document of package settings.
	Options          json.RawMessage
	ExpiresAt        sql.NullTime // inactive from then on
	DestroysAt       sql.NullTime // removed then
	RegisteredWith   string       // the client by whose login page somebody registered
	PasswordSetAt    sql.NullTime
	LastLoginAddress string
	LockedAt         sql.NullTime // since when the password opens nothing; what is open stays open
	UploadsAllowed   bool
	DownloadsAllowed bool
	TokenEpoch       int64 // access tokens of an older epoch are refused
	LastLoginAt      sql.NullTime
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// statusColumn is the status of an account now: one that has expired is inactive without anybody acting.
const statusColumn = `IF(a.deleted_at IS NOT NULL, 'deleted', IF(a.status = 'active' AND a.expires_at <= UTC_TIMESTAMP(3), 'inactive', a.status))`

const accountColumns = `a.id, a.name, a.first_name, a.last_name, a.email, a.role, a.type, ` + statusColumn + `, COALESCE(a.description, ''),
	COALESCE(a.password_hash, ''), a.password_change_required, COALESCE(a.public_key, ''), a.preferences, a.uploads_allowed, a.downloads_allowed, a.token_epoch,
	a.last_login_at, a.created_at, a.updated_at, a.options, a.expires_at, a.password_set_at, a.last_login_address, a.destroys_at, a.registered_with, a.locked_at`

// fields are where accountColumns go.
func (a *Account) fields() []any {
	return []any{
		&a.ID, &a.Name, &a.FirstName, &a.LastName, &a.Email, &a.Role, &a.Type, &a.Status, &a.Description,
		&a.PasswordHash, &a.MustChange, &a.PublicKey, &a.Preferences, &a.UploadsAllowed, &a.DownloadsAllowed, &a.TokenEpoch,
		&a.LastLoginAt, &a.CreatedAt, &a.UpdatedAt, &a.Options, &a.ExpiresAt, &a.PasswordSetAt, &a.LastLoginAddress, &a.DestroysAt,
		&a.RegisteredWith, &a.LockedAt,
	}
}

// SetDates sets when the account expires and when it is removed; a zero time is never.
func (a *Account) SetDates(expires, destroys time.Time) {
	a.ExpiresAt = sql.NullTime{Time: expires, Valid: !expires.IsZero()}
	a.DestroysAt = sql.NullTime{Time: destroys, Valid: !destroys.IsZero()}
}

func scanAccount(r rower) (Account, error) {
	var a Account
	err := r.Scan(a.fields()...)
	return a, err
}

// personColumns are what others are shown of an account. Lists of packages read them for senders
// and recipients, and no secrets.
const personColumns = `a.id, a.name, a.first_name, a.last_name, a.email, a.role, a.type, ` + statusColumn + `, a.last_login_at`

// person is where personColumns go.
func (a *Account) person() []any {
	return []any{&a.ID, &a.Name, &a.FirstName, &a.LastName, &a.Email, &a.Role, &a.Type, &a.Status, &a.LastLoginAt}
}

// Account reads one account by id.
func (s *Store) Account(ctx context.Context, id int64) (Account, error) {
	a, err := scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.id = ? AND a.deleted_at IS NULL`, id))
	if err != nil {
		return a, fmt.Errorf("read account %d: %w", id, classify(err))
	}
	return a, nil
}

// AccountFilter narrows a list of accounts; zero values narrow nothing.
type AccountFilter struct {
	Query      string // part of name, names or e-mail address
	Role       string
	Types      []string
	Status     string
	ActiveOnly bool
	// Reach keeps whom somebody can send to.
	Reach *Reach
	// ReadsFolder keeps who is on the list of a limited folder; 0 keeps everybody.
	ReadsFolder int64
	// Whole keeps accounts whose login, e-mail address or full name is Query, and none without one.
	Whole      bool
	Sort       string // a key of accountOrders; name by default
	Descending bool
}

// accountOrders are the columns that accounts are sorted by. The id makes every order a total one, for pages must not
// overlap.
var accountOrders = map[string]string{
	"name": "a.name", "full_name": "a.last_name, a.first_name", "email": "a.email", "role": "a.role", "status": "a.status",
	"last_login_time": "a.last_login_at", "created_at": "a.created_at",
}

// Accounts lists accounts and counts all that match.
func (s *Store) Accounts(ctx context.Context, f AccountFilter, p Page) ([]Account, int, error) {
	w := where{}
	if f.Reach != nil {
		f.Reach.where(&w)
	}
	if f.Whole {
		w.and(`? <> '' AND (a.name = ? OR a.email = ? OR CONCAT(a.first_name, ' ', a.last_name) = ?)`, f.Query, f.Query,
			f.Query, f.Query)
	} else if f.Query != "" {
		like := "%" + likeEscape(f.Query) + "%"
		w.and(`(a.name LIKE ? OR a.email LIKE ? OR a.first_name LIKE ? OR a.last_name LIKE ? OR CONCAT(a.first_name, ' ', a.last_name) LIKE ?)`,
			like, like, like, like, like)
	}
	if f.ReadsFolder != 0 {
		w.and(`a.id IN (SELECT account_id FROM folder_readers WHERE folder_id = ?)`, f.ReadsFolder)
	}
	if f.Role != "" {
		w.and(`a.role = ?`, f.Role)
	}
	if len(f.Types) > 0 {
		whereIn(&w, `a.type`, f.Types)
	} else { // external users are a list of their own
		w.and(`a.type <> ?`, TypeExternal)
	}
	w.and(`a.deleted_at IS NULL AND a.type <> ?`, TypeService)
	switch {
	case f.Status != "":
		w.and(`IF(a.locked_at IS NOT NULL AND `+statusColumn+` = 'active', 'locked', `+statusColumn+`) = ?`, f.Status)
	default: // registrations have a list of their own
		w.and(`a.status <> ?`, AccountPending)
	}
	if f.ActiveOnly {
		w.and(statusColumn+` = ?`, AccountActive)
	}
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM accounts a`+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count accounts: %w", err)
	}
	list, err := collect(ctx, s.db, scanAccount, `SELECT `+accountColumns+` FROM accounts a`+w.sql()+
		orderBy(accountOrders, f.Sort, "name", f.Descending, "a.id")+` LIMIT ? OFFSET ?`,
		append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list accounts: %w", err)
	}
	return list, total, nil
}

// CreateAccount stores a new account and gives its id. ErrConflict when the name is taken, ErrLoginTaken when another
// account has the name or the e-mail address as its name or e-mail address.
func (s *Store) CreateAccount(ctx context.Context, a Account) (id int64, err error) {
	return s.CreateAccountAnd(ctx, a, nil)
}

// CreateAccountAnd is CreateAccount with orders that the new account sets off.
func (s *Store) CreateAccountAnd(ctx context.Context, a Account, orders func(id int64) []Order) (id int64, err error) {
	if len(a.Preferences) == 0 {
		a.Preferences = json.RawMessage(`{}`)
	}
	if len(a.Options) == 0 {
		a.Options = json.RawMessage(`{}`)
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if id, err = adopt(ctx, tx, a); err == nil && id == 0 {
			id, err = insertAccount(ctx, tx, a)
		}
		if err != nil || orders == nil {
			return err
		}
		return putOrders(ctx, tx, orders(id))
	})
	if err != nil {
		return 0, fmt.Errorf("create account %q: %w", a.Name, classify(err))
	}
	return id, nil
}

// adopt makes of an external user with the address of a new account that account, which keeps what the external user
// received (faspex-A10: TestExternalUserBecomesAccount); 0 when there is none.
func adopt(ctx context.Context, tx *sql.Tx, a Account) (id int64, err error) {
	if id, err = externalOf(ctx, tx, a.Email); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM account_logins WHERE account_id = ?`, id); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE accounts SET name = ?, first_name = ?, last_name = ?, email = ?, role = ?, type = ?, status = ?,
		description = ?, password_hash = NULLIF(?, ''), password_change_required = ?, public_key = NULLIF(?, ''), preferences = ?,
		uploads_allowed = ?, downloads_allowed = ?, options = ?, expires_at = ?, destroys_at = ?, registered_with = ?,
		password_set_at = IF(? = '', NULL, UTC_TIMESTAMP(3)), activated_at = UTC_TIMESTAMP(3), token_epoch = token_epoch + 1
		WHERE id = ?`, append(accountValues(a), id)...); err != nil {
		return 0, err
	}
	return id, errors.Join(claimLogin(ctx, tx, id, loginName, a.Name), claimLogin(ctx, tx, id, loginEmail, a.Email))
}

// accountValues are those of a new account, in the order of its columns.
func accountValues(a Account) []any {
	return []any{
		a.Name, a.FirstName, a.LastName, a.Email, a.Role, a.Type, a.Status, a.Description, a.PasswordHash, a.MustChange,
		a.PublicKey, []byte(a.Preferences), a.UploadsAllowed, a.DownloadsAllowed, []byte(a.Options), a.ExpiresAt,
		a.DestroysAt, a.RegisteredWith, a.PasswordHash,
	}
}

func insertAccount(ctx context.Context, tx *sql.Tx, a Account) (id int64, err error) {
	if id, err = insertAccountRow(ctx, tx, a); err != nil {
		return 0, err
	}
	if err := claimLogin(ctx, tx, id, loginName, a.Name); err != nil {
		return 0, err
	}
	return id, claimLogin(ctx, tx, id, loginEmail, a.Email)
}

// insertAccountRow writes an account without its logins.
func insertAccountRow(ctx context.Context, tx *sql.Tx, a Account) (id int64, err error) {
	if len(a.Preferences) == 0 {
		a.Preferences = json.RawMessage(`{}`)
	}
	if len(a.Options) == 0 {
		a.Options = json.RawMessage(`{}`)
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO accounts
			(name, first_name, last_name, email, role, type, status, description, password_hash, password_change_required, public_key, preferences,
			uploads_allowed, downloads_allowed, options, expires_at, destroys_at, registered_with, password_set_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, ''), ?, NULLIF(?, ''), ?, ?, ?, ?, ?, ?, ?, IF(? = '', NULL, UTC_TIMESTAMP(3)))`, accountValues(a)...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// UpdatePreferences writes the preferences of an account.
func (s *Store) UpdatePreferences(ctx context.Context, accountID int64, preferences json.RawMessage) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE accounts SET preferences = ? WHERE id = ?`, []byte(preferences),
		accountID); err != nil {
		return fmt.Errorf("update preferences of account %d: %w", accountID, classify(err))
	}
	return nil
}

// UpdateOwnAccount writes what people may change of their own account, and leaves the rest as it is now: role and
// status may have been changed since the account was read. ErrLoginTaken when another account has the e-mail address.
// ErrChanged when the password was changed since: the change was allowed to one who knew the old one.
func (s *Store) UpdateOwnAccount(ctx context.Context, a Account) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error { return updateOwnAccount(ctx, tx, a) })
	if err != nil {
		return fmt.Errorf("update own account %d: %w", a.ID, classify(err))
	}
	return nil
}

// UpdateOwnAccountAndPassword is UpdateOwnAccount and SetPassword in one step. The session of a
// login, if it is named, goes on.
func (s *Store) UpdateOwnAccountAndPassword(ctx context.Context, a Account, hash, login string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := updateOwnAccount(ctx, tx, a); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, a.ID, hash, login); err != nil || login == "" {
			return err
		}
		return keepSession(ctx, tx, a.ID, login)
	})
	if err != nil {
		return fmt.Errorf("update own account %d and its password: %w", a.ID, classify(err))
	}
	return nil
}

func updateOwnAccount(ctx context.Context, tx *sql.Tx, a Account) error {
	res, err := tx.ExecContext(ctx,
		`UPDATE accounts SET email = ?, public_key = NULLIF(?, ''), preferences = ? WHERE id = ? AND token_epoch = ?`,
		a.Email, a.PublicKey, []byte(a.Preferences), a.ID, a.TokenEpoch)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrChanged)
	}
	return changeEmail(ctx, tx, a.ID, a.Email)
}

// TouchLogin records a login.
func (s *Store) TouchLogin(ctx context.Context, accountID int64, at time.Time, from string) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE accounts SET last_login_at = ?, last_login_address = COALESCE(NULLIF(?, ''), last_login_address) WHERE id = ?`, at, from,
		accountID); err != nil {
		return fmt.Errorf("record login of account %d: %w", accountID, err)
	}
	return nil
}

func oneRow(res sql.Result, what string, id int64) error {
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("%s %d: %w", what, id, err)
	}
	return nil
}

// where gathers conditions and their parameters.
type where struct {
	conds []string
	args  []any
}

func (w *where) and(cond string, args ...any) {
	w.conds = append(w.conds, cond)
	w.args = append(w.args, args...)
}

// whereIn keeps rows whose column has one of some values, of which there must be one at least.
func whereIn[T any](w *where, column string, values []T) {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.and(column+` IN (?`+strings.Repeat(`, ?`, len(values)-1)+`)`, args...)
}

func (w *where) sql() string {
	if len(w.conds) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(w.conds, ` AND `)
}

// orderBy sorts by one of the known orders, else by the usual one, and last by what tells every two rows apart.
func orderBy(orders map[string]string, sort, usual string, descending bool, last string) string {
	columns, ok := orders[sort]
	if !ok {
		columns = orders[usual]
	}
	if descending {
		columns = strings.ReplaceAll(columns, ",", " DESC,") + " DESC"
	}
	return ` ORDER BY ` + columns + `, ` + last
}

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
