package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// ErrManaged is for users that something else than the command line manages.
var ErrManaged = errors.New("change it there")

// errManagedBy names who manages a user.
func errManagedBy(what, name, by string) error {
	return fmt.Errorf("%s %s is managed by %s: %w", what, name, by, ErrManaged)
}

// ManagedUser is a node user with its password, as whoever manages it declares both.
type ManagedUser struct {
	NodeUser
	Password string
}

// SyncNodeUsers makes the users that are managed by others than the command line those that are given: it writes what
// differs and deletes those that are in neither list. Users in keep stay as they are. Who is given becomes managed by
// by, whoever made it. A user that can't be written is part of the error and stays as it was; the others are written.
func (s *Store) SyncNodeUsers(ctx context.Context, by string, users []ManagedUser, keep []string) error {
	var errs []error
	wanted := slices.Clone(keep)
	declared := map[string]NodeUser{} // by transfer user
	for _, u := range users {
		wanted = append(wanted, u.Name)
		u.ManagedBy = by
		err := u.check()
		if first, ok := declared[u.TransferUser]; err == nil && ok && !first.sameFolder(u.NodeUser) {
			err = fmt.Errorf("transfer user %s has another docroot or other restrictions with %s", u.TransferUser, first.Name)
		}
		if err == nil {
			declared[u.TransferUser] = u.NodeUser
			err = s.putManagedUser(ctx, u)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("node user %s: %w", u.Name, err))
		}
	}
	// Files may have names that no user has, and the database does not compare all of them with its own.
	wanted = slices.DeleteFunc(wanted, func(name string) bool { return !nodeUserName.MatchString(name) })
	errs = append(errs, s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return deleteManaged(ctx, tx, wanted)
	}))
	return errors.Join(errs...)
}

func (u NodeUser) sameFolder(o NodeUser) bool {
	return u.Docroot == o.Docroot && slices.Equal(u.Restrictions, o.Restrictions)
}

// putManagedUser writes one user. Its hash stays when the password is the same: hashes are what remembered log-ins and
// counts of failures hang on, and each node of the cluster does this.
func (s *Store) putManagedUser(ctx context.Context, u ManagedUser) error {
	there, hash, err := s.nodeUser(ctx, u.Name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	same := false
	if hash != "" {
		if same, err = s.secrets.is(ctx, hash, u.Password); err != nil {
			return fmt.Errorf("compare password: %w", err)
		}
	}
	if same && there.TransferUser == u.TransferUser && there.ManagedBy == u.ManagedBy && there.sameFolder(u.NodeUser) {
		return nil
	}
	if !same {
		if hash, err = s.secrets.hash(ctx, u.Password); err != nil {
			return fmt.Errorf("hash password: %w", err)
		}
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := refuseNameOfAccessKey(ctx, tx, u.Name); err != nil {
			return err
		}
		if err := keepTransferUser(ctx, tx, u.NodeUser, true); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO node_users (name, transfer_user, secret_hash, managed_by)
			VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE transfer_user = VALUES(transfer_user),
			secret_hash = VALUES(secret_hash), managed_by = VALUES(managed_by)`,
			u.Name, u.TransferUser, hash, u.ManagedBy); err != nil {
			return fmt.Errorf("write node user: %w", err)
		}
		if err := tidyTransferUsers(ctx, tx); err != nil {
			return err
		}
		if same {
			return nil
		}
		return forgetFailures(ctx, tx, u.Name)
	})
}

// deleteManaged removes managed users but those wanted.
func deleteManaged(ctx context.Context, tx *sql.Tx, wanted []string) error {
	query, args := "DELETE FROM node_users WHERE managed_by <> ''", make([]any, 0, len(wanted))
	if len(wanted) > 0 {
		query += " AND name NOT IN (" + repeat("?", len(wanted)) + ")"
		for _, name := range wanted {
			args = append(args, name)
		}
	}
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("delete managed node users: %w", err)
	}
	return tidyTransferUsers(ctx, tx)
}

// tidyTransferUsers removes transfer users that nobody acts as, and leaves those that no managed user acts as to the
// command line.
func tidyTransferUsers(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx,
		"DELETE FROM transfer_users WHERE name NOT IN (SELECT transfer_user FROM node_users)"); err != nil {
		return fmt.Errorf("delete transfer users: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE transfer_users SET managed_by = '' WHERE managed_by <> ''
		AND name NOT IN (SELECT transfer_user FROM node_users WHERE managed_by <> '')`); err != nil {
		return fmt.Errorf("release transfer users: %w", err)
	}
	return nil
}

// refuseManaged refuses to change a user that the command line does not manage. It locks the user's row.
func refuseManaged(ctx context.Context, tx *sql.Tx, name string) error {
	var by string
	err := tx.QueryRowContext(ctx, "SELECT managed_by FROM node_users WHERE name = ? FOR UPDATE", name).Scan(&by)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("read node user: %w", err)
	case by != "":
		return errManagedBy("node user", name, by)
	}
	return nil
}

// is compares a secret with a stored hash without counting a try: for those who know both.
func (c *secretChecker) is(ctx context.Context, hash, secret string) (bool, error) {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(secret))
	digest := [sha256.Size]byte(mac.Sum(nil))
	if c.remembers(hash, digest) {
		return true, nil
	}
	right, err := c.slowly(ctx, func() (bool, error) {
		found, err := credentials{present: hash}.compare(secret)
		return found != "", err
	})
	if err == nil && right {
		c.remember(hash, digest)
	}
	return right, err
}
