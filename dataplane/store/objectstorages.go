package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"faspex.io/operator/dataplane/storage"
)

// ObjectStorage is a storage in an object store. Where it is, and how to log in there, is for who made it to know.
type ObjectStorage struct {
	ID string
	// Settings are JSON without what is secret. That is in Secrets, sealed.
	Settings json.RawMessage
	Secrets  []byte
	// Version changes with Settings and Secrets.
	Version uint64
}

// Path is the folder of the storage beneath the storage root.
func (o ObjectStorage) Path() string { return storage.Objects + "/" + o.ID }

// ObjectStorageOf is the id of the object storage that a path is in, and the path in it.
func ObjectStorageOf(p string) (id, rest string, ok bool) {
	below, ok := strings.CutPrefix(p, storage.Objects+"/")
	if !ok || below == "" {
		return "", "", false
	}
	id, rest, _ = strings.Cut(below, "/")
	return id, "/" + rest, true
}

// ObjectStorage reads a storage; ErrNotFound if there is none.
func (s *Store) ObjectStorage(ctx context.Context, id string) (ObjectStorage, error) {
	if !isASCII(id) {
		return ObjectStorage{}, fmt.Errorf("object storage: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	o := ObjectStorage{ID: id}
	var settings []byte
	err := s.db.QueryRowContext(ctx, "SELECT settings, secrets, version FROM object_storages WHERE id = ?", id).
		Scan(&settings, &o.Secrets, &o.Version)
	o.Settings = settings
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return o, fmt.Errorf("object storage: %w", ErrNotFound)
	case err != nil:
		return o, fmt.Errorf("read object storage: %w", err)
	}
	return o, nil
}

// ObjectStorages are all of them.
func (s *Store) ObjectStorages(ctx context.Context) ([]ObjectStorage, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, "SELECT id, settings, secrets, version FROM object_storages ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("list object storages: %w", err)
	}
	defer rows.Close()
	var all []ObjectStorage
	for rows.Next() {
		var o ObjectStorage
		var settings []byte
		if err := rows.Scan(&o.ID, &settings, &o.Secrets, &o.Version); err != nil {
			return nil, fmt.Errorf("list object storages: %w", err)
		}
		o.Settings = settings
		all = append(all, o)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list object storages: %w", err)
	}
	return all, nil
}

// CreateObjectStorage stores one. One that no access key comes to have is removed by RemoveUnusedObjectStorage.
func (s *Store) CreateObjectStorage(ctx context.Context, o ObjectStorage) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.db.ExecContext(ctx, "INSERT INTO object_storages (id, settings, secrets) VALUES (?, ?, ?)", o.ID,
		string(o.Settings), o.Secrets)
	if err != nil {
		return fmt.Errorf("insert object storage: %w", err)
	}
	return nil
}

// UpdateObjectStorage changes one, unless it has changed since it was read: then it is ErrExists.
func (s *Store) UpdateObjectStorage(ctx context.Context, o ObjectStorage) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	res, err := s.db.ExecContext(ctx,
		"UPDATE object_storages SET settings = ?, secrets = ?, version = version + 1 WHERE id = ? AND version = ?",
		string(o.Settings), o.Secrets, o.ID, o.Version)
	if err != nil {
		return fmt.Errorf("update object storage: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("object storage that was changed meanwhile: %w", ErrExists))
	}
	return nil
}

// unusedFor is how old a storage is before it is unused: it is made before its key is.
const unusedFor = "INTERVAL 10 MINUTE"

// UnusedObjectStorages are the ids of those that no access key is in any more, and that are not mounted.
func (s *Store) UnusedObjectStorages(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, "SELECT id FROM object_storages o WHERE "+unusedStorage+" LIMIT 100",
		storage.Objects, storage.Objects)
	if err != nil {
		return nil, fmt.Errorf("list unused object storages: %w", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list unused object storages: %w", err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list unused object storages: %w", err)
	}
	return ids, nil
}

const unusedStorage = "o.mount IS NULL AND o.created_at < UTC_TIMESTAMP(6) - " + unusedFor + ` AND NOT EXISTS (SELECT 1 FROM access_keys k
	WHERE k.storage_path = CONCAT(?, '/', o.id) OR k.storage_path LIKE CONCAT(?, '/', o.id, '/%'))`

// RemoveUnusedObjectStorage removes a storage that no access key is in, with what logs in there.
func (s *Store) RemoveUnusedObjectStorage(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.db.ExecContext(ctx, "DELETE o FROM object_storages o WHERE o.id = ? AND "+unusedStorage, id,
		storage.Objects, storage.Objects)
	if err != nil {
		return fmt.Errorf("remove object storage: %w", err)
	}
	return nil
}
