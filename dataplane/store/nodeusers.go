package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"faspex.io/operator/dataplane/nodeusers"
	"faspex.io/operator/dataplane/token"
)

// Errors of node users that callers tell apart.
var (
	// ErrDocrootOrRestrictions is for a transfer user with both or neither.
	ErrDocrootOrRestrictions = errors.New("a transfer user has either a docroot or restrictions")
	ErrUserName              = errors.New("a name has 1 to 128 letters, digits and . _ ~ @ -, the first of them a letter or digit")
)

// NodeUser is a user of the Node API. The password is not part of it: the database holds only its hash.
type NodeUser struct {
	Name         string
	TransferUser string
	// Docroot is the folder that the user sees as its root; empty with Restrictions.
	Docroot string
	// Restrictions are patterns of what the user may touch, such as file:////data/*; empty with Docroot.
	Restrictions []string
	// ManagedBy says for people who manages the user; empty is the command line.
	ManagedBy string
}

var nodeUserName = nodeusers.Name

// check brings folder and patterns into their form, and refuses what can't be kept.
func (u *NodeUser) check() error {
	if !nodeUserName.MatchString(u.Name) || !nodeUserName.MatchString(u.TransferUser) {
		return ErrUserName
	}
	if (u.Docroot == "") == (len(u.Restrictions) == 0) {
		return ErrDocrootOrRestrictions
	}
	if u.Docroot != "" {
		if !strings.HasPrefix(u.Docroot, "/") {
			return fmt.Errorf("docroot %q must be absolute beneath the storage root", u.Docroot)
		}
		u.Docroot = path.Clean(u.Docroot)
	}
	for _, r := range u.Restrictions {
		if _, _, err := parseRestriction(r); err != nil {
			return err
		}
	}
	return nil
}

// parseRestriction reads a pattern: a folder with all beneath it, or with "*" at its end what is in
// that folder, and all beneath that.
func parseRestriction(text string) (folder string, inside bool, err error) {
	rest, ok := strings.CutPrefix(text, "file://")
	if !ok || !strings.HasPrefix(rest, "/") {
		return "", false, fmt.Errorf("restriction %q must be like file:////data/*", text)
	}
	rest, inside = strings.CutSuffix(rest, "*")
	if strings.ContainsAny(rest, `*?[\`) || inside && !strings.HasSuffix(rest, "/") {
		return "", false, fmt.Errorf("restriction %q must end with /* or name a folder", text)
	}
	return path.Clean(rest), inside, nil
}

// Permits reports whether the restrictions of a user permit a clean absolute path; a user with a docroot has none.
func (u NodeUser) Permits(p string) bool {
	if len(u.Restrictions) == 0 {
		return true
	}
	for _, r := range u.Restrictions {
		folder, inside, err := parseRestriction(r)
		if err == nil && beneath(folder, p) && (!inside || p != folder || folder == "/") {
			return true
		}
	}
	return false
}

const nodeUserQuery = `SELECT n.name, n.transfer_user, t.docroot, t.restrictions, n.secret_hash, n.managed_by FROM node_users n
	JOIN transfer_users t ON t.name = n.transfer_user`

func scanNodeUser(row scanner) (u NodeUser, hash string, err error) {
	var restrictions []byte
	if err := row.Scan(&u.Name, &u.TransferUser, &u.Docroot, &restrictions, &hash, &u.ManagedBy); err != nil {
		return u, "", err
	}
	if err := json.Unmarshal(restrictions, &u.Restrictions); err != nil {
		return u, "", fmt.Errorf("restrictions of transfer user %s: %w", u.TransferUser, err)
	}
	return u, hash, nil
}

// CheckNodeUser reads a node user if the password is its own. It reports false if there is no user of that name, which
// costs no time, and ErrNotFound for a wrong password.
func (s *Store) CheckNodeUser(ctx context.Context, name, password string) (u NodeUser, known bool, err error) {
	if !nodeUserName.MatchString(name) {
		return NodeUser{}, false, nil
	}
	u, hash, err := s.nodeUser(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return NodeUser{}, false, nil
	}
	if err != nil {
		return NodeUser{}, false, err
	}
	right, err := s.secrets.check(ctx, name, token.AddressOf(ctx), credentials{present: hash}, password)
	if err != nil {
		return NodeUser{}, true, fmt.Errorf("check password of node user: %w", err)
	}
	if !right {
		return NodeUser{}, true, fmt.Errorf("node user: %w", ErrNotFound)
	}
	return u, true, nil
}

func (s *Store) nodeUser(ctx context.Context, name string) (NodeUser, string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	u, hash, err := scanNodeUser(s.db.QueryRowContext(ctx, nodeUserQuery+" WHERE n.name = ?", name))
	if errors.Is(err, sql.ErrNoRows) {
		return NodeUser{}, "", fmt.Errorf("node user: %w", ErrNotFound)
	}
	if err != nil {
		return NodeUser{}, "", fmt.Errorf("read node user: %w", err)
	}
	return u, hash, nil
}

// NodeUser reads a node user; ErrNotFound if there is none.
func (s *Store) NodeUser(ctx context.Context, name string) (NodeUser, error) {
	if !nodeUserName.MatchString(name) {
		return NodeUser{}, fmt.Errorf("node user: %w", ErrNotFound)
	}
	u, _, err := s.nodeUser(ctx, name)
	return u, err
}

// NodeUsers lists all node users by name.
func (s *Store) NodeUsers(ctx context.Context) ([]NodeUser, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, nodeUserQuery+" ORDER BY n.name")
	if err != nil {
		return nil, fmt.Errorf("list node users: %w", err)
	}
	defer rows.Close()
	var users []NodeUser
	for rows.Next() {
		u, _, err := scanNodeUser(rows)
		if err != nil {
			return nil, fmt.Errorf("list node users: %w", err)
		}
		users = append(users, u)
	}
	return users, rows.Err()
}

// CreateNodeUser stores a node user, and its transfer user if that is new or has the same folder or restrictions;
// ErrExists if the name is that of a user or of an access key, or if the transfer user is another.
func (s *Store) CreateNodeUser(ctx context.Context, u NodeUser, password string) error {
	if err := u.check(); err != nil {
		return err
	}
	hash, err := s.secrets.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash password of node user: %w", err)
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := refuseNameOfAccessKey(ctx, tx, u.Name); err != nil {
			return err
		}
		if err := refuseManaged(ctx, tx, u.Name); err != nil {
			return err
		}
		if err := keepTransferUser(ctx, tx, u, false); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO node_users (name, transfer_user, secret_hash) VALUES (?, ?, ?)", u.Name,
			u.TransferUser, hash)
		if isDuplicate(err) {
			return fmt.Errorf("node user: %w", ErrExists)
		}
		if err != nil {
			return fmt.Errorf("insert node user: %w", err)
		}
		return forgetFailures(ctx, tx, u.Name)
	})
}

func refuseNameOfAccessKey(ctx context.Context, tx *sql.Tx, name string) error {
	var taken int
	if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM access_keys WHERE id = ?", name).Scan(&taken); err != nil {
		return fmt.Errorf("look for an access key of the name: %w", err)
	}
	if taken > 0 {
		return fmt.Errorf("an access key of this name: %w", ErrExists)
	}
	return nil
}

// keepTransferUser makes the transfer user of u. One that is there stays as it is, and has to be the same, unless
// change is set. One that is managed by others than the command line is changed by these alone.
func keepTransferUser(ctx context.Context, tx *sql.Tx, u NodeUser, change bool) error {
	restrictions, err := json.Marshal(u.Restrictions)
	if err != nil {
		return fmt.Errorf("restrictions: %w", err)
	}
	var docroot, there, by string
	err = tx.QueryRowContext(ctx, "SELECT docroot, restrictions, managed_by FROM transfer_users WHERE name = ? FOR UPDATE",
		u.TransferUser).Scan(&docroot, &there, &by)
	same := docroot == u.Docroot && there == string(restrictions)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = tx.ExecContext(ctx,
			"INSERT INTO transfer_users (name, docroot, restrictions, managed_by) VALUES (?, ?, ?, ?)",
			u.TransferUser, u.Docroot, string(restrictions), u.ManagedBy)
	case err != nil:
	case same && (u.ManagedBy == "" || u.ManagedBy == by):
	case !same && u.ManagedBy == "" && by != "":
		return errManagedBy("transfer user", u.TransferUser, by)
	case !same && !change:
		return fmt.Errorf("transfer user %s with another docroot or other restrictions: %w", u.TransferUser, ErrExists)
	default:
		_, err = tx.ExecContext(ctx,
			"UPDATE transfer_users SET docroot = ?, restrictions = ?, managed_by = ? WHERE name = ?", u.Docroot,
			string(restrictions), u.ManagedBy, u.TransferUser)
	}
	if err != nil {
		return fmt.Errorf("write transfer user: %w", err)
	}
	return nil
}

// UpdateNodeUser changes a node user to what u says, and its password unless that is nil. A folder or restrictions that
// differ are changed for all users of the transfer user.
func (s *Store) UpdateNodeUser(ctx context.Context, u NodeUser, password *string) error {
	if err := u.check(); err != nil {
		return err
	}
	var hash *string
	if password != nil {
		h, err := s.secrets.hash(ctx, *password)
		if err != nil {
			return fmt.Errorf("hash password of node user: %w", err)
		}
		hash = &h
	}
	u.ManagedBy = "" // Those of others are refused.
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := refuseManaged(ctx, tx, u.Name); err != nil {
			return err
		}
		if err := keepTransferUser(ctx, tx, u, true); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx,
			"UPDATE node_users SET transfer_user = ?, secret_hash = COALESCE(?, secret_hash) WHERE name = ?",
			u.TransferUser, hash, u.Name)
		if err != nil {
			return fmt.Errorf("update node user: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("node user: %w", ErrNotFound))
		}
		if password == nil {
			return nil
		}
		return forgetFailures(ctx, tx, u.Name)
	})
}

// DeleteNodeUser removes a node user, and its transfer user if no other acts as it; ErrNotFound if there is none.
func (s *Store) DeleteNodeUser(ctx context.Context, name string) error {
	if !nodeUserName.MatchString(name) {
		return fmt.Errorf("node user: %w", ErrNotFound)
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := refuseManaged(ctx, tx, name); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "DELETE FROM node_users WHERE name = ?", name)
		if err != nil {
			return fmt.Errorf("delete node user: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("node user: %w", ErrNotFound))
		}
		return tidyTransferUsers(ctx, tx)
	})
}
