package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/faspex/packages"
)

// Content is what was sent with a package, and with those that it was forwarded with.
type Content struct {
	ContentID      int64
	ContentUUID    string // of the package that it was sent with first
	SharedFolderID int64
	FolderName     string // of the shared folder
	Directory      string // where it lies on the node of the folder
	ObfuscateNames bool
	EncryptAtRest  bool
	GoneAt         sql.NullTime // since when no package has it any more
	HasSealed      bool         // a file anywhere in it is encrypted by a passphrase
	MissingSince   sql.NullTime // since when its folder is not on the node, though nobody here removed it
}

const contentColumns = `c.id, c.uuid, c.shared_folder_id, f.name, c.directory, c.masked, c.encrypted, c.gone_at, c.missing_since, c.has_sealed`

func (c *Content) columns() []any {
	return []any{&c.ContentID, &c.ContentUUID, &c.SharedFolderID, &c.FolderName, &c.Directory, &c.ObfuscateNames,
		&c.EncryptAtRest, &c.GoneAt, &c.MissingSince, &c.HasSealed}
}

// ErrNoContent means that a content is not to be had any more.
var ErrNoContent = errors.New("the content is gone")

// createContent stores the content of a new package, and gives its id. One that the package shares stays locked until
// the package is there, so that it does not go between.
func createContent(ctx context.Context, tx *sql.Tx, p Package) (int64, error) {
	if p.ContentID != 0 {
		var gone sql.NullTime
		err := tx.QueryRowContext(ctx, `SELECT gone_at FROM contents WHERE id = ? FOR UPDATE`, p.ContentID).Scan(&gone)
		if err == nil && gone.Valid {
			err = ErrNoContent
		}
		return p.ContentID, err
	}
	res, err := tx.ExecContext(ctx,
		`INSERT INTO contents (uuid, shared_folder_id, directory, masked, encrypted) VALUES (?, ?, ?, ?, ?)`,
		p.UUID, p.SharedFolderID, p.Directory, p.ObfuscateNames, p.EncryptAtRest)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// ContentByUUID reads a content by the uuid that its folder on the node carries.
func (s *Store) ContentByUUID(ctx context.Context, uuid string) (Content, error) {
	var c Content
	if err := s.db.QueryRowContext(ctx, `SELECT `+contentColumns+
		` FROM contents c JOIN shared_folders f ON f.id = c.shared_folder_id WHERE c.uuid = ?`, uuid).Scan(c.columns()...); err != nil {
		return c, fmt.Errorf("read content %s: %w", uuid, classify(err))
	}
	return c, nil
}

// MoveContent notes that a content lies elsewhere on its node.
func (s *Store) MoveContent(ctx context.Context, id int64, directory string) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE contents SET directory = ? WHERE id = ?`, directory, id); err != nil {
		return fmt.Errorf("note where content %d lies: %w", id, err)
	}
	return nil
}

// NoteSealed notes that a file of a content is encrypted by a passphrase.
func (s *Store) NoteSealed(ctx context.Context, contentID int64) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE contents SET has_sealed = TRUE WHERE id = ?`, contentID); err != nil {
		return fmt.Errorf("note that content %d is encrypted: %w", contentID, err)
	}
	return nil
}

// NoteMissing notes since when the folder of a content is not on its node, or that it is there; packages with it are shown
// anew.
func (s *Store) NoteMissing(ctx context.Context, contentID int64, since sql.NullTime) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE contents SET missing_since = ? WHERE id = ?`, since, contentID); err != nil {
			return err
		}
		ids, err := collect(ctx, tx, func(r rower) (id int64, err error) { return id, r.Scan(&id) },
			`SELECT id FROM packages WHERE content_id = ? AND state = 'released'`, contentID)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := noteLists(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note that content %d is missing: %w", contentID, err)
	}
	return nil
}

// LeaveContent tells whether a package that ends was the last that has its content. If so the content is noted as gone,
// and no package can be forwarded with it from then on: its files are to be removed.
func (s *Store) LeaveContent(ctx context.Context, contentID int64, at time.Time) (last bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		last = false
		var gone sql.NullTime
		if err := tx.QueryRowContext(ctx, `SELECT gone_at FROM contents WHERE id = ? FOR UPDATE`, contentID).
			Scan(&gone); err != nil {
			return err
		}
		if gone.Valid {
			last = true
			return nil
		}
		w := where{}
		w.and(`content_id = ?`, contentID)
		whereIn(&w, `state`, packages.WithContent())
		var left int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM packages`+w.sql(), w.args...).Scan(&left); err != nil {
			return err
		}
		if left > 0 {
			return nil
		}
		last = true
		_, err := tx.ExecContext(ctx, `UPDATE contents SET gone_at = ? WHERE id = ?`, at, contentID)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("leave content %d: %w", contentID, classify(err))
	}
	return last, nil
}

// ExpireContent begins the end of every package that has a content: those that recipients have, and those that wait.
// It gives how many those are.
func (s *Store) ExpireContent(ctx context.Context, contentID int64) (n int, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		n = 0
		for from, to := range map[packages.State]packages.State{
			packages.Released: packages.ReleasedToExpired, packages.Held: packages.HeldToExpired,
		} {
			ids, err := collect(ctx, tx, func(r rower) (id int64, err error) { return id, r.Scan(&id) },
				`SELECT id FROM packages WHERE content_id = ? AND state = ? FOR UPDATE`, contentID, from)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if _, err := tx.ExecContext(ctx, `UPDATE packages SET state = ? WHERE id = ?`, to, id); err != nil {
					return err
				}
				if err := noteLists(ctx, tx, id); err != nil {
					return err
				}
			}
			n += len(ids)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("expire content %d: %w", contentID, err)
	}
	return n, nil
}
