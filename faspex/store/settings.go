package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Settings reads a document of settings and its version; an empty one and 0 when nothing was set yet.
func (s *Store) Settings(ctx context.Context, name string) (document []byte, version int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT document, version FROM settings WHERE name = ?`, name).Scan(&document, &version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fmt.Errorf("read settings %s: %w", name, err)
	}
	return document, version, nil
}

// PutSettings writes a document that was made from a version; by is the account that decided. ErrChanged when there is
// another version by now.
func (s *Store) PutSettings(ctx context.Context, name string, version int64, document []byte, by int64) error {
	var res sql.Result
	var err error
	if version == 0 {
		res, err = s.db.ExecContext(ctx, `INSERT IGNORE INTO settings (name, version, document, updated_by) VALUES (?, 1, ?, ?)`,
			name, document, by)
	} else {
		res, err = s.db.ExecContext(ctx,
			`UPDATE settings SET version = version + 1, document = ?, updated_by = ? WHERE name = ? AND version = ?`,
			document, by, name, version)
	}
	var n int64
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err == nil && n == 0 {
		err = ErrChanged
	}
	if err != nil {
		return fmt.Errorf("write settings %s: %w", name, err)
	}
	return nil
}

// ReplaceSettings writes a document that says the same in another way, unless it was changed since a version.
func (s *Store) ReplaceSettings(ctx context.Context, name string, version int64, document []byte) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE settings SET document = ? WHERE name = ? AND version = ?`, document, name,
		version); err != nil {
		return fmt.Errorf("replace settings %s: %w", name, err)
	}
	return nil
}

// DeleteSettings removes a document. ErrNotFound when there is none.
func (s *Store) DeleteSettings(ctx context.Context, name string) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM settings WHERE name = ?`, name)
	var n int64
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("delete settings %s: %w", name, err)
	}
	return nil
}
