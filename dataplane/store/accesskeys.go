package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// RootFileID is the file id of every access key's root folder.
const RootFileID = 1

// AccessKey opens one folder. The secret is not part of it: the database holds only its hash.
type AccessKey struct {
	ID string
	// ParentID is the access key that made this one; empty for the node user.
	ParentID string
	// StoragePath is a clean absolute path beneath the storage root.
	StoragePath          string
	TokenVerificationKey string
	Configuration        json.RawMessage
}

// AccessKeyChange holds what to change; nil leaves it.
type AccessKeyChange struct {
	Secret               *string
	StoragePath          *string
	TokenVerificationKey *string
	Configuration        json.RawMessage
}

const accessKeyColumns = "id, parent_id, storage_path, token_verification_key, configuration"

type scanner interface{ Scan(dest ...any) error }

func scanAccessKey(row scanner, more ...any) (AccessKey, error) {
	var k AccessKey
	var configuration []byte
	dest := append([]any{&k.ID, &k.ParentID, &k.StoragePath, &k.TokenVerificationKey, &configuration}, more...)
	err := row.Scan(dest...)
	k.Configuration = configuration
	return k, err
}

// CreateAccessKey stores a new key; ErrExists if the id is taken.
func (s *Store) CreateAccessKey(ctx context.Context, k AccessKey, secret string) error {
	hash := hashSecret(secret)
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			`INSERT INTO access_keys (id, parent_id, secret_hash, storage_path, token_verification_key, configuration) VALUES (?, ?, ?, ?, ?, ?)`,
			k.ID, k.ParentID, hash, k.StoragePath, k.TokenVerificationKey, jsonOrEmpty(k.Configuration))
		if isDuplicate(err) {
			return fmt.Errorf("access key: %w", ErrExists)
		}
		if err != nil {
			return fmt.Errorf("insert access key: %w", err)
		}
		if err := insertFile(ctx, tx, k.ID, RootFileID, "/"); err != nil {
			return fmt.Errorf("insert root of access key: %w", err)
		}
		return nil
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
	return k, accessKeyError(err)
}

// AccessKeys lists the keys that parent made, or all of them for the empty parent.
func (s *Store) AccessKeys(ctx context.Context, parent string) ([]AccessKey, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, "SELECT "+accessKeyColumns+" FROM access_keys WHERE ? = '' OR parent_id = ? ORDER BY id", parent, parent)
	if err != nil {
		return nil, fmt.Errorf("list access keys: %w", err)
	}
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

// CheckSecret reads the key if the secret is its own; ErrNotFound if there is no such key or the secret is wrong.
func (s *Store) CheckSecret(ctx context.Context, id, secret string) (AccessKey, error) {
	if !isASCII(id) {
		return AccessKey{}, fmt.Errorf("access key: %w", ErrNotFound)
	}
	query, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var hash string
	k, err := scanAccessKey(s.db.QueryRowContext(query, "SELECT "+accessKeyColumns+", secret_hash FROM access_keys WHERE id = ?", id), &hash)
	if err != nil {
		return AccessKey{}, accessKeyError(err)
	}
	right, err := s.secrets.check(hash, secret)
	if err != nil {
		return AccessKey{}, fmt.Errorf("check secret of access key: %w", err)
	}
	if !right {
		return AccessKey{}, fmt.Errorf("access key: %w", ErrNotFound)
	}
	return k, nil
}

// UpdateAccessKey changes a key. Another storage path forgets all file ids but the root's.
func (s *Store) UpdateAccessKey(ctx context.Context, id string, c AccessKeyChange) error {
	if !isASCII(id) {
		return fmt.Errorf("access key: %w", ErrNotFound)
	}
	var hash *string
	if c.Secret != nil {
		h := hashSecret(*c.Secret)
		hash = &h
	}
	var configuration *string
	if c.Configuration != nil {
		text := jsonOrEmpty(c.Configuration)
		configuration = &text
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var path string
		err := tx.QueryRowContext(ctx, "SELECT storage_path FROM access_keys WHERE id = ? FOR UPDATE", id).Scan(&path)
		if err != nil {
			return accessKeyError(err)
		}
		_, err = tx.ExecContext(ctx, `UPDATE access_keys SET secret_hash = COALESCE(?, secret_hash), storage_path = COALESCE(?, storage_path),
			token_verification_key = COALESCE(?, token_verification_key), configuration = COALESCE(?, configuration) WHERE id = ?`,
			hash, c.StoragePath, c.TokenVerificationKey, configuration, id)
		if err != nil {
			return fmt.Errorf("update access key: %w", err)
		}
		if c.StoragePath != nil && *c.StoragePath != path {
			if _, err := tx.ExecContext(ctx, "DELETE FROM files WHERE access_key_id = ? AND id <> ?", id, RootFileID); err != nil {
				return fmt.Errorf("forget file ids: %w", err)
			}
		}
		return nil
	})
}

// DeleteAccessKey removes a key and its file ids; ErrNotFound if there is none.
func (s *Store) DeleteAccessKey(ctx context.Context, id string) error {
	if !isASCII(id) {
		return fmt.Errorf("access key: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	res, err := s.db.ExecContext(ctx, "DELETE FROM access_keys WHERE id = ?", id)
	if err != nil {
		return fmt.Errorf("delete access key: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("access key: %w", ErrNotFound))
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
