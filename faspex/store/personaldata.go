package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// personalData is what is kept about a person, by subject. Each query takes the account's id as often as it has a mark.
// Passwords, codes and tokens are in none.
var personalData = []struct{ subject, sql string }{
	{"account", `SELECT name, first_name, last_name, email, role, type, status, description, public_key, uploads_allowed, downloads_allowed,
		preferences, options, created_at, updated_at, last_login_at, last_login_address, password_set_at, expires_at, destroys_at, registered_with
		FROM accounts WHERE id = ?`},
	{"groups", `SELECT g.kind, g.name, m.access, m.created_at FROM group_members m JOIN recipient_groups g ON g.id = m.group_id WHERE m.account_id = ?`},
	{"contacts", `SELECT a.name, a.first_name, a.last_name, a.email FROM contacts c JOIN accounts a ON a.id = c.account_id WHERE c.owner_id = ?`},
	{"contact_of", `SELECT a.name, a.first_name, a.last_name FROM contacts c JOIN accounts a ON a.id = c.owner_id WHERE c.account_id = ?`},
	{"distribution_lists", `SELECT l.name AS list, c.name, c.label FROM distribution_lists l LEFT JOIN distribution_list_contacts c ON c.list_id = l.id WHERE l.owner_id = ?`},
	{"named_on_distribution_lists", `SELECT l.name AS list, c.name, c.label FROM distribution_list_contacts c JOIN distribution_lists l ON l.id = c.list_id
		JOIN account_logins n ON n.login = c.name WHERE n.account_id = ?`},
	{"folders", `SELECT f.name, f.directory FROM folder_readers r JOIN shared_folders f ON f.id = r.folder_id WHERE r.account_id = ?`},
	{"invitations", `SELECT email, description, invited_at, expires_at FROM invitations WHERE owner_id = ?`},
	{"invited", `SELECT i.email, i.description, i.invited_at, i.expires_at FROM invitations i JOIN accounts a ON a.email = i.email WHERE a.id = ?`},
	{"packages_sent", `SELECT uuid, title, note, metadata, state, upload_status, total_bytes, total_files, created_at, released_at FROM packages WHERE sender_id = ?`},
	{"packages_received", `SELECT p.uuid, p.title, p.note, p.state, p.total_bytes, p.total_files, p.created_at, d.private, d.archived
		FROM deliveries d JOIN packages p ON p.id = d.package_id WHERE d.account_id = ?`},
	{"transfers", `SELECT p.uuid AS package, t.direction, t.status, t.address, t.bytes_transferred, t.started_at, t.ended_at
		FROM transfers t JOIN packages p ON p.id = t.package_id WHERE t.account_id = ?`},
	{"sessions", `SELECT created_at, last_used_at, ended_at FROM sessions WHERE account_id = ?`},
	{"api_clients", `SELECT c.client_id, c.name FROM oauth_client_users u JOIN oauth_clients c ON c.id = u.oauth_client_id WHERE u.account_id = ?`},
	{"events", `SELECT event_type, application, address, client_id, message, created_at FROM application_events WHERE account_id = ?`},
}

// PersonalData gives all that is kept about an account, as rows by subject. ErrNotFound for an account that is gone.
func (s *Store) PersonalData(ctx context.Context, id int64) (map[string][]map[string]any, error) {
	if _, err := s.Account(ctx, id); err != nil {
		return nil, err
	}
	all := make(map[string][]map[string]any, len(personalData))
	for _, part := range personalData {
		rows, err := s.db.QueryContext(ctx, part.sql, id)
		if err != nil {
			return nil, fmt.Errorf("read %s of account %d: %w", part.subject, id, err)
		}
		if all[part.subject], err = asMaps(rows); err != nil {
			return nil, fmt.Errorf("read %s of account %d: %w", part.subject, id, err)
		}
	}
	return all, nil
}

// asMaps reads rows as values by column, and closes them.
func asMaps(rows *sql.Rows) (out []map[string]any, err error) {
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	out = []map[string]any{}
	for rows.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		row := make(map[string]any, len(names))
		for i, name := range names {
			row[name] = plainValue(values[i])
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// plainValue is a value of a column as JSON has it: text as text, documents as documents.
func plainValue(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case []byte:
		if len(v) > 0 && (v[0] == '{' || v[0] == '[') && json.Valid(v) {
			return json.RawMessage(append([]byte{}, v...))
		}
		if utf8.Valid(v) {
			return string(v)
		}
		return nil
	}
	return v
}

// EraseAccount is DeleteAccount, and takes from the live database what would still tell of the person: the name and
// address that packages keep of a recipient, the addresses of clients in events and transfers, and the entries of others
// that name the account. Events and packages stay, and tell of a deleted user.
func (s *Store) EraseAccount(ctx context.Context, id, by int64) error {
	a, err := s.Account(ctx, id)
	if err != nil {
		return err
	}
	if err := s.DeleteAccount(ctx, id, by); err != nil {
		return err
	}
	if err := s.inTx(ctx, func(tx *sql.Tx) error { return forget(ctx, tx, a) }); err != nil {
		return fmt.Errorf("erase account %d: %w", id, err)
	}
	return nil
}

// forget removes what is left of a deleted account.
func forget(ctx context.Context, tx *sql.Tx, a Account) error {
	gone := fmt.Sprintf("deleted-%d", a.ID)
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE accounts SET first_name = 'Deleted', last_name = 'user', email = '', last_login_at = NULL, registered_with = '' WHERE id = ?`, []any{a.ID}},
		{`UPDATE application_events SET address = '', message = '' WHERE account_id = ?`, []any{a.ID}},
		{`UPDATE transfers SET address = '' WHERE account_id = ?`, []any{a.ID}},
	} {
		if _, err := tx.ExecContext(ctx, q.sql, q.args...); err != nil {
			return err
		}
	}
	for _, login := range logins(a) {
		for _, q := range []string{`DELETE FROM distribution_list_contacts WHERE name = ?`, `DELETE FROM invitations WHERE email = ?`} {
			if _, err := tx.ExecContext(ctx, q, login); err != nil {
				return err
			}
		}
		if err := forgetInDocuments(ctx, tx, login, gone); err != nil {
			return err
		}
	}
	return nil
}

// forgetInDocuments removes mails that name a login, and puts another name into the lists of people who are told, which
// are parts of documents of others. A text that is no address is only looked for where a list names somebody: it may be
// any word elsewhere.
func forgetInDocuments(ctx context.Context, tx *sql.Tx, login, gone string) error {
	quoted, err := json.Marshal(login)
	if err != nil {
		return err
	}
	names := []string{`"name":` + string(quoted), `"login":` + string(quoted)}
	if strings.Contains(login, "@") {
		names = []string{string(quoted)}
	}
	for _, name := range names {
		like := "%" + likeEscape(name) + "%"
		for _, q := range []string{`DELETE FROM jobs WHERE job_type = 'email' AND serialized_args LIKE ?`,
			`DELETE FROM outbox WHERE payload LIKE ?`} {
			if _, err := tx.ExecContext(ctx, q, like); err != nil {
				return err
			}
		}
		instead := strings.Replace(name, string(quoted), `"`+gone+`"`, 1)
		for _, of := range []struct{ table, column string }{{"packages", "notified_on_upload"}, {"packages", "notified_on_download"},
			{"packages", "notified_on_receipt"}, {"accounts", "preferences"}, {"accounts", "options"}} {
			if _, err := tx.ExecContext(ctx, `UPDATE `+of.table+` SET `+of.column+` = REPLACE(`+of.column+`, ?, ?) WHERE `+of.column+
				` LIKE ?`, name, instead, like); err != nil {
				return err
			}
		}
	}
	return nil
}

// logins are the texts that name an account, each once.
func logins(a Account) []string {
	if a.Email == "" || strings.EqualFold(a.Name, a.Email) {
		return []string{a.Name}
	}
	return []string{a.Name, a.Email}
}
