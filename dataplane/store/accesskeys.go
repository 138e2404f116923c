package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/token"
)

// maxKeyDepth bounds how many keys stand above a key.
const maxKeyDepth = 16

// AccessKey opens one folder. The secret is not part of it: the database holds only its hash.
type AccessKey struct {
	ID string
	// ParentID is the access key that made this one; empty for the node user.
	ParentID string
	// StoragePath is a clean absolute path beneath the storage root, and beneath the parent's.
	StoragePath          string
	TokenVerificationKey string
	Configuration        json.RawMessage
	// CreatedUsec tells a key from a former one with the same id, in microseconds since 1970.
	CreatedUsec int64
	// Limits are the strictest of the key's own and of all keys above it. Lists leave them out.
	Limits TransferLimits
	// Networks are the rules of the key and of those above it: a client's address has to
	// satisfy each. Lists leave them out.
	Networks []token.Networks
	// Logging is what of the key's own is logged.
	Logging Logging
	// FormerSecretUntil is when the secret before the present one ends; the zero time when it has, or there is none.
	FormerSecretUntil time.Time
}

// AccessKeyChange holds what to change; nil leaves it.
type AccessKeyChange struct {
	// Secret is the new one. The former ends at once, unless FormerSecret says what it is and until when it is good.
	Secret               *string
	FormerSecret         *FormerSecret
	StoragePath          *string
	TokenVerificationKey *string
	Configuration        json.RawMessage
}

// FormerSecret is a secret that was replaced, and is good for a while.
type FormerSecret struct {
	Secret string
	Until  time.Time
}

const accessKeyColumns = "id, parent_id, storage_path, token_verification_key, configuration, created_at, " +
	"IF(former_secret_until > UTC_TIMESTAMP(6), former_secret_until, NULL)"

type scanner interface{ Scan(dest ...any) error }

func scanAccessKey(row scanner, more ...any) (AccessKey, error) {
	var k AccessKey
	var configuration []byte
	var created time.Time
	var until sql.NullTime
	dest := append([]any{&k.ID, &k.ParentID, &k.StoragePath, &k.TokenVerificationKey, &configuration, &created, &until},
		more...)
	err := row.Scan(dest...)
	k.Configuration, k.CreatedUsec, k.FormerSecretUntil = configuration, created.UnixMicro(), until.Time
	return k, err
}

// CreateAccessKey stores a new key; ErrExists if the id is taken, ErrNotFound if its parent is gone.
func (s *Store) CreateAccessKey(ctx context.Context, k AccessKey, secret string) error {
	hash, err := s.secrets.hash(ctx, secret)
	if err != nil {
		return fmt.Errorf("hash secret of access key: %w", err)
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// The lock keeps DeleteAccessKey from missing a child that is made meanwhile.
		if err := lockParent(ctx, tx, k); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx,
			`INSERT INTO access_keys (id, parent_id, secret_hash, storage_path, token_verification_key, configuration) VALUES (?, ?, ?, ?, ?, ?)`,
			k.ID, k.ParentID, hash, k.StoragePath, k.TokenVerificationKey, jsonOrEmpty(k.Configuration))
		if isDuplicate(err) {
			return fmt.Errorf("access key: %w", ErrExists)
		}
		if err != nil {
			return fmt.Errorf("insert access key: %w", err)
		}
		if err := forgetFailures(ctx, tx, k.ID); err != nil {
			return err
		}
		return logChange(ctx, tx, k, EventKeyCreated, map[string]any{"id": k.ID})
	})
}

// AccessKey reads a key; ErrNotFound if there is none.
func (s *Store) AccessKey(ctx context.Context, id string) (AccessKey, error) {
	if !isASCII(id) {
		return AccessKey{}, fmt.Errorf("access key: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	k, err := scanAccessKey(s.db.QueryRowContext(ctx, "SELECT "+accessKeyColumns+" FROM access_keys WHERE id = ?", id))
	if err != nil {
		return AccessKey{}, accessKeyError(err)
	}
	return s.withAncestors(ctx, k)
}

// lockParent locks the keys above a key and holds its folder to theirs.
func lockParent(ctx context.Context, tx *sql.Tx, k AccessKey) error {
	above := k.ParentID
	for depth := 0; above != ""; depth++ {
		if depth == maxKeyDepth {
			return fmt.Errorf("%w: %d are above it", ErrTooDeep, maxKeyDepth)
		}
		parent, err := scanAccessKey(tx.QueryRowContext(ctx, "SELECT "+accessKeyColumns+
			" FROM access_keys WHERE id = ? LOCK IN SHARE MODE", above))
		if err != nil {
			return fmt.Errorf("key above: %w", accessKeyError(err))
		}
		if !beneath(parent.StoragePath, k.StoragePath) {
			return ErrOutsideParent
		}
		above = parent.ParentID
	}
	return nil
}

// withAncestors completes a key by what the keys above it say. A key without all of them, or whose folder is not
// beneath theirs, is as good as gone.
func (s *Store) withAncestors(ctx context.Context, k AccessKey) (AccessKey, error) {
	if err := k.readConfiguration(); err != nil {
		return AccessKey{}, err
	}
	above := k.ParentID
	for depth := 0; above != ""; depth++ {
		if depth == maxKeyDepth {
			return AccessKey{}, fmt.Errorf("access key: %w", ErrNotFound)
		}
		parent, err := scanAccessKey(s.db.QueryRowContext(ctx, "SELECT "+accessKeyColumns+
			" FROM access_keys WHERE id = ?", above))
		if err != nil {
			return AccessKey{}, accessKeyError(err)
		}
		if !beneath(parent.StoragePath, k.StoragePath) {
			return AccessKey{}, fmt.Errorf("access key: %w", ErrNotFound)
		}
		if err := parent.readConfiguration(); err != nil {
			return AccessKey{}, err
		}
		k.Limits = k.Limits.within(parent.Limits)
		k.Networks = append(k.Networks, parent.Networks...)
		above = parent.ParentID
	}
	return k, nil
}

func beneath(folder, p string) bool {
	return folder == "/" || p == folder || strings.HasPrefix(p, folder+"/")
}

// AccessKeys lists the keys below parent, however deep, or all of them for the empty parent.
func (s *Store) AccessKeys(ctx context.Context, parent string) ([]AccessKey, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	query, args := "SELECT "+accessKeyColumns+" FROM access_keys ORDER BY id", []any(nil)
	if parent != "" {
		query = `WITH RECURSIVE below (id, depth) AS (
				SELECT id, 0 FROM access_keys WHERE parent_id = ?
				UNION ALL
				SELECT k.id, b.depth + 1 FROM access_keys k JOIN below b ON k.parent_id = b.id WHERE b.depth < ?
			) SELECT ` + accessKeyColumns + " FROM access_keys WHERE id IN (SELECT id FROM below) ORDER BY id"
		args = []any{parent, maxKeyDepth}
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list access keys: %w", err)
	}
	return scanAccessKeys(rows)
}

// IsBelow reports whether a key was made by another, or by one below that.
func (s *Store) IsBelow(ctx context.Context, k AccessKey, other string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	above := k.ParentID
	for range maxKeyDepth {
		if above == "" || above == other {
			return above == other, nil
		}
		err := s.db.QueryRowContext(ctx, "SELECT parent_id FROM access_keys WHERE id = ?", above).Scan(&above)
		if err != nil {
			return false, accessKeyError(err)
		}
	}
	return false, nil
}

func scanAccessKeys(rows *sql.Rows) ([]AccessKey, error) {
	defer rows.Close()
	var keys []AccessKey
	for rows.Next() {
		k, err := scanAccessKey(rows)
		if err != nil {
			return nil, fmt.Errorf("list access keys: %w", err)
		}
		keys = append(keys, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list access keys: %w", err)
	}
	return keys, nil
}

// CheckSecret reads the key if the secret is its own; ErrNotFound if there is no such key or the secret is wrong, which
// takes the same time, and token.ErrThrottled after too many wrong ones. The client's address is token.AddressOf(ctx).
func (s *Store) CheckSecret(ctx context.Context, id, secret string) (AccessKey, error) {
	k, stored, err := s.keyAndSecrets(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return AccessKey{}, err
	}
	right, err := s.secrets.check(ctx, id, token.AddressOf(ctx), stored, secret)
	if err != nil {
		return AccessKey{}, fmt.Errorf("check secret of access key: %w", err)
	}
	if !right {
		return AccessKey{}, fmt.Errorf("access key: %w", ErrNotFound)
	}
	return s.withAncestors(ctx, k)
}

func (s *Store) keyAndSecrets(ctx context.Context, id string) (k AccessKey, stored credentials, err error) {
	if !isASCII(id) {
		return AccessKey{}, credentials{}, fmt.Errorf("access key: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	k, err = scanAccessKey(s.db.QueryRowContext(ctx, "SELECT "+accessKeyColumns+
		", secret_hash, IF(former_secret_until > UTC_TIMESTAMP(6), former_secret_hash, '') FROM access_keys WHERE id = ?",
		id), &stored.present, &stored.former)
	return k, stored, accessKeyError(err)
}

// hashSecrets makes the stored forms of the secrets of a change; nil leaves what there is.
func (s *Store) hashSecrets(ctx context.Context, c AccessKeyChange) (hash *string, former string, until any, err error) {
	if c.Secret == nil {
		return nil, "", nil, nil
	}
	present, err := s.secrets.hash(ctx, *c.Secret)
	if err == nil && c.FormerSecret != nil {
		former, err = s.secrets.hashFormer(ctx, c.FormerSecret.Secret, present)
		until = c.FormerSecret.Until.UTC()
	}
	if err != nil {
		return nil, "", nil, fmt.Errorf("hash secret of access key: %w", err)
	}
	return &present, former, until, nil
}

// UpdateAccessKey changes a key. With another storage path, the folders of the keys below move along, and the running
// transfers of all of them are cancelled: they write where the folder was.
func (s *Store) UpdateAccessKey(ctx context.Context, id string, c AccessKeyChange) error {
	if !isASCII(id) {
		return fmt.Errorf("access key: %w", ErrNotFound)
	}
	hash, former, until, err := s.hashSecrets(ctx, c)
	if err != nil {
		return err
	}
	var configuration *string
	if c.Configuration != nil {
		text := jsonOrEmpty(c.Configuration)
		configuration = &text
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// The counter's lock comes first, as everywhere: transfers that begin meanwhile are recorded before or after this.
		if _, err := nextRevision(ctx, tx); err != nil {
			return err
		}
		keys, err := lockDescendants(ctx, tx, id)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE access_keys SET
			former_secret_hash = IF(? IS NULL, former_secret_hash, ?), former_secret_until = IF(? IS NULL, former_secret_until, ?),
			secret_hash = COALESCE(?, secret_hash), token_verification_key = COALESCE(?, token_verification_key), configuration = COALESCE(?, configuration) WHERE id = ?`,
			hash, former, hash, until, hash, c.TokenVerificationKey, configuration, id)
		if err != nil {
			return fmt.Errorf("update access key: %w", err)
		}
		if c.Secret != nil {
			if err := forgetFailures(ctx, tx, id); err != nil {
				return err
			}
		}
		if c.StoragePath != nil && *c.StoragePath != keys[0].StoragePath {
			moved := keys[0]
			moved.StoragePath = *c.StoragePath
			if err := lockParent(ctx, tx, moved); err != nil {
				return err
			}
			if err := moveKeys(ctx, tx, keys, moved.StoragePath); err != nil {
				return err
			}
		}
		if c.Configuration != nil {
			keys[0].Configuration = c.Configuration
		}
		return logChange(ctx, tx, keys[0], EventKeyUpdated, map[string]any{"id": id})
	})
}

// moveKeys gives the first of keys another folder, and the others, which are below it, theirs beneath that.
func moveKeys(ctx context.Context, tx *sql.Tx, keys []AccessKey, folder string) error {
	for _, k := range keys {
		moved := path.Join(folder, strings.TrimPrefix(k.StoragePath, keys[0].StoragePath))
		if _, err := tx.ExecContext(ctx, "UPDATE access_keys SET storage_path = ? WHERE id = ?", moved, k.ID); err != nil {
			return fmt.Errorf("move access key: %w", err)
		}
	}
	return cancelTransfersOf(ctx, tx, keys)
}

// DeleteAccessKey removes a key and, if withKeysBelow, all keys below it, and what they permit, and cancels their
// running transfers; ErrNotFound if there is none.
func (s *Store) DeleteAccessKey(ctx context.Context, id string, withKeysBelow bool) error {
	if !isASCII(id) {
		return fmt.Errorf("access key: %w", ErrNotFound)
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := nextRevision(ctx, tx); err != nil {
			return err
		}
		keys, err := lockDescendants(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(keys) > 1 && !withKeysBelow {
			return ErrHasKeys
		}
		for _, k := range keys {
			if _, err := tx.ExecContext(ctx, "DELETE FROM access_keys WHERE id = ?", k.ID); err != nil {
				return fmt.Errorf("delete access key: %w", err)
			}
		}
		if err := cancelTransfersOf(ctx, tx, keys); err != nil {
			return err
		}
		if err := endJobsOf(ctx, tx, keys); err != nil {
			return err
		}
		for _, k := range keys {
			if err := logChange(ctx, tx, k, EventKeyDeleted, map[string]any{"id": k.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockDescendants locks a key and all below it, from the top down; the key itself is the first.
func lockDescendants(ctx context.Context, tx *sql.Tx, id string) ([]AccessKey, error) {
	k, err := scanAccessKey(tx.QueryRowContext(ctx, "SELECT "+accessKeyColumns+
		" FROM access_keys WHERE id = ? FOR UPDATE", id))
	if err != nil {
		return nil, accessKeyError(err)
	}
	keys, seen := []AccessKey{k}, map[string]bool{k.ID: true}
	for i := 0; i < len(keys); i++ {
		children, err := childrenOf(ctx, tx, keys[i].ID)
		if err != nil {
			return nil, err
		}
		for _, child := range children {
			if !seen[child.ID] {
				seen[child.ID] = true
				keys = append(keys, child)
			}
		}
	}
	return keys, nil
}

func childrenOf(ctx context.Context, tx *sql.Tx, id string) ([]AccessKey, error) {
	rows, err := tx.QueryContext(ctx, "SELECT "+accessKeyColumns+" FROM access_keys WHERE parent_id = ? FOR UPDATE", id)
	if err != nil {
		return nil, fmt.Errorf("list access keys: %w", err)
	}
	return scanAccessKeys(rows)
}

// cancelTransfersOf asks the nodes that run transfers of keys to stop them. Those that begin
// meanwhile are stopped by writeBegin.
func cancelTransfersOf(ctx context.Context, tx *sql.Tx, keys []AccessKey) error {
	for _, k := range keys {
		_, err := tx.ExecContext(ctx, "UPDATE transfers SET cancel_requested = TRUE WHERE access_key = ? AND status = ?",
			k.ID, record.StatusRunning)
		if err != nil {
			return fmt.Errorf("cancel transfers of access key: %w", err)
		}
	}
	return nil
}

func accessKeyError(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("access key: %w", ErrNotFound)
	case err != nil:
		return fmt.Errorf("read access key: %w", err)
	}
	return nil
}

func jsonOrEmpty(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}
