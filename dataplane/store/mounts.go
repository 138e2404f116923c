package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Mount is an object storage that node users see as a folder at the top of the storage.
type Mount struct {
	Name string
	ObjectStorage
}

// Mounts are the ids of all mounted storages by their names.
func (s *Store) Mounts(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, "SELECT mount, id FROM object_storages WHERE mount IS NOT NULL")
	if err != nil {
		return nil, fmt.Errorf("list mounted storages: %w", err)
	}
	defer rows.Close()
	ids := map[string]string{}
	for rows.Next() {
		var name, id string
		if err := rows.Scan(&name, &id); err != nil {
			return nil, fmt.Errorf("list mounted storages: %w", err)
		}
		ids[name] = id
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list mounted storages: %w", err)
	}
	return ids, nil
}

// Mount reads the storage of a name; ErrNotFound if there is none.
func (s *Store) Mount(ctx context.Context, name string) (Mount, error) {
	if !isASCII(name) {
		return Mount{}, fmt.Errorf("mounted storage: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	m := Mount{Name: name}
	var settings []byte
	err := s.db.QueryRowContext(ctx, "SELECT id, settings, secrets, version FROM object_storages WHERE mount = ?", name).
		Scan(&m.ID, &settings, &m.Secrets, &m.Version)
	m.Settings = settings
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return m, fmt.Errorf("mounted storage: %w", ErrNotFound)
	case err != nil:
		return m, fmt.Errorf("read mounted storage: %w", err)
	}
	return m, nil
}

// CreateMount stores a new storage under a name. One that had the name before has none from then on, and is removed by
// RemoveUnusedObjectStorage when no access key is in it.
func (s *Store) CreateMount(ctx context.Context, m Mount) error {
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE object_storages SET mount = NULL WHERE mount = ?", m.Name); err != nil {
			return fmt.Errorf("unmount object storage: %w", err)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO object_storages (id, settings, secrets, mount) VALUES (?, ?, ?, ?)", m.ID,
			string(m.Settings), m.Secrets, m.Name)
		if err != nil {
			return fmt.Errorf("mount object storage: %w", err)
		}
		return nil
	})
}

// RemoveMount takes a name from its storage; ErrNotFound if none has it. Nothing of the storage is changed.
func (s *Store) RemoveMount(ctx context.Context, name string) error {
	if !isASCII(name) {
		return fmt.Errorf("mounted storage: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	res, err := s.db.ExecContext(ctx, "UPDATE object_storages SET mount = NULL WHERE mount = ?", name)
	if err != nil {
		return fmt.Errorf("unmount object storage: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("mounted storage: %w", ErrNotFound))
	}
	return nil
}
