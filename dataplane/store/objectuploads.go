package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/dataplane/objectstore"
)

// Uploads is the journal of the uploads into object stores.
type Uploads struct{ Store *Store }

var _ objectstore.Journal = Uploads{}

const uploadColumns = "id, storage_id, object_key, upload_id, size, mod_time, part_size"

func scanUpload(row scanner) (objectstore.Upload, error) {
	var u objectstore.Upload
	var key []byte
	err := row.Scan(&u.ID, &u.Storage, &key, &u.UploadID, &u.Size, &u.ModTime, &u.PartSize)
	u.Key = string(key)
	return u, err
}

// FindUpload implements objectstore.Journal.
func (j Uploads) FindUpload(ctx context.Context, storage, key string) (objectstore.Upload, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	u, err := scanUpload(j.Store.db.QueryRowContext(ctx,
		"SELECT "+uploadColumns+" FROM object_uploads WHERE storage_id = ? AND object_key = ?", storage, []byte(key)))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return u, objectstore.ErrNoDraft
	case err != nil:
		return u, fmt.Errorf("read upload: %w", err)
	}
	rows, err := j.Store.db.QueryContext(ctx, "SELECT number, etag, hashes FROM object_parts WHERE upload = ?", u.ID)
	if err != nil {
		return u, fmt.Errorf("read parts of upload: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p objectstore.Part
		if err := rows.Scan(&p.Number, &p.ETag, &p.Hashes); err != nil {
			return u, fmt.Errorf("read parts of upload: %w", err)
		}
		u.Parts = append(u.Parts, p)
	}
	if err := rows.Err(); err != nil {
		return u, fmt.Errorf("read parts of upload: %w", err)
	}
	return u, nil
}

// BeginUpload implements objectstore.Journal.
func (j Uploads) BeginUpload(ctx context.Context, u objectstore.Upload) (id uint64, former *objectstore.Upload,
	err error) {
	err = j.Store.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		former = nil
		was, err := scanUpload(tx.QueryRowContext(ctx, "SELECT "+uploadColumns+
			" FROM object_uploads WHERE storage_id = ? AND object_key = ? FOR UPDATE", u.Storage, []byte(u.Key)))
		switch {
		case err == nil:
			former = &was
			if _, err := tx.ExecContext(ctx, "DELETE FROM object_uploads WHERE id = ?", was.ID); err != nil {
				return err
			}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO object_uploads (storage_id, object_key, upload_id, size, mod_time,
			part_size) VALUES (?, ?, ?, ?, ?, ?)`, u.Storage, []byte(u.Key), u.UploadID, u.Size, u.ModTime, u.PartSize)
		if err != nil {
			return err
		}
		n, err := res.LastInsertId()
		id = uint64(n)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("note upload: %w", err)
	}
	return id, former, nil
}

// AddPart implements objectstore.Journal.
func (j Uploads) AddPart(ctx context.Context, id uint64, p objectstore.Part) error {
	err := j.Store.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE object_uploads SET touched_at = UTC_TIMESTAMP(6) WHERE id = ?", id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, objectstore.ErrNoDraft)
		}
		_, err = tx.ExecContext(ctx, "REPLACE INTO object_parts (upload, number, etag, hashes) VALUES (?, ?, ?, ?)", id,
			p.Number, p.ETag, p.Hashes)
		return err
	})
	if err != nil {
		return fmt.Errorf("note part of upload: %w", err)
	}
	return nil
}

// EndUpload implements objectstore.Journal.
func (j Uploads) EndUpload(ctx context.Context, id uint64) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if _, err := j.Store.db.ExecContext(ctx, "DELETE FROM object_uploads WHERE id = ?", id); err != nil {
		return fmt.Errorf("forget upload: %w", err)
	}
	return nil
}

// Abandoned are uploads into a storage that nobody has sent a part of for so long, the oldest first.
func (j Uploads) Abandoned(ctx context.Context, storage string, idle time.Duration, most int) ([]objectstore.Upload,
	error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := j.Store.db.QueryContext(ctx, "SELECT "+uploadColumns+` FROM object_uploads WHERE storage_id = ? AND
		touched_at <= UTC_TIMESTAMP(6) - INTERVAL ? SECOND ORDER BY touched_at LIMIT ?`, storage, int64(idle/time.Second),
		most)
	if err != nil {
		return nil, fmt.Errorf("list abandoned uploads: %w", err)
	}
	defer rows.Close()
	var all []objectstore.Upload
	for rows.Next() {
		u, err := scanUpload(rows)
		if err != nil {
			return nil, fmt.Errorf("list abandoned uploads: %w", err)
		}
		all = append(all, u)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list abandoned uploads: %w", err)
	}
	return all, nil
}

// Open counts the uploads that are not complete, and the bytes of them that servers have.
func (j Uploads) Open(ctx context.Context) (count, bytes int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = j.Store.db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(LEAST(u.size, u.part_size *
		(SELECT COUNT(*) FROM object_parts p WHERE p.upload = u.id))), 0) FROM object_uploads u`).Scan(&count, &bytes)
	if err != nil {
		return 0, 0, fmt.Errorf("count uploads: %w", err)
	}
	return count, bytes, nil
}
