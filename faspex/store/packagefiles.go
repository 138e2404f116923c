package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Statuses of files that another system processes.
const (
	FileWaits  = "to_be_processed"
	FileRuns   = "processing"
	FileDone   = "processing_completed"
	FileFailed = "processing_failed"
)

// PackageFile is a file that another system processes before recipients have its package.
type PackageFile struct {
	ID, PackageID, NodeID int64
	PackageUUID           string
	Path                  string // in the package
	Status, Message       string
	UpdatedAt             time.Time
}

// ListFiles stores the files of a package that are to be processed, in the place of those that were listed before.
func (s *Store) ListFiles(ctx context.Context, packageID, nodeID int64, paths []string, at time.Time) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM package_files WHERE package_id = ?`, packageID); err != nil {
			return err
		}
		for some := range slices.Chunk(paths, 500) {
			args := make([]any, 0, 4*len(some))
			for _, path := range some {
				args = append(args, packageID, nodeID, path, at)
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO package_files (package_id, node_id, path, listed_at) VALUES (?, ?, ?, ?)`+
				strings.Repeat(`, (?, ?, ?, ?)`, len(some)-1), args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the files of package %d: %w", packageID, classify(err))
	}
	return nil
}

// FailedFile gives a file of a package that could not be processed.
func (s *Store) FailedFile(ctx context.Context, packageID int64) (PackageFile, error) {
	w := where{}
	w.and(`f.package_id = ?`, packageID)
	w.and(`f.status = 'processing_failed'`)
	found, _, err := s.packageFiles(ctx, w, Page{Limit: 1})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("read a failed file of package %d: %w", packageID, ErrNotFound)
	}
	if err != nil {
		return PackageFile{}, err
	}
	return found[0], nil
}

// SetError notes why a package does not go on.
func (s *Store) SetError(ctx context.Context, packageID int64, why string) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE packages SET error_desc = ? WHERE id = ?`, why, packageID); err != nil {
		return fmt.Errorf("note why package %d does not go on: %w", packageID, err)
	}
	return nil
}

// FileCount is what became of the files of a package that are processed.
type FileCount struct {
	All, Done, Failed int
	Since             time.Time // when they were listed
}

// CountFiles counts the files of a package that are processed.
func (s *Store) CountFiles(ctx context.Context, packageID int64) (c FileCount, err error) {
	var since sql.NullTime
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(status = 'processing_completed'), 0),
		COALESCE(SUM(status = 'processing_failed'), 0), MIN(listed_at) FROM package_files WHERE package_id = ?`, packageID).
		Scan(&c.All, &c.Done, &c.Failed, &since)
	if err != nil {
		return c, fmt.Errorf("count the files of package %d: %w", packageID, err)
	}
	c.Since = since.Time
	return c, nil
}

// PackageFiles lists files that are processed and counts all: those of a package, or, without one, those that wait in
// packages that are being processed.
func (s *Store) PackageFiles(ctx context.Context, packageID int64, p Page) ([]PackageFile, int, error) {
	w := where{}
	if packageID != 0 {
		w.and(`f.package_id = ?`, packageID)
	} else {
		w.and(`f.status = 'to_be_processed'`)
		w.and(`p.state = 'transient_file_processing'`)
	}
	return s.packageFiles(ctx, w, p)
}

// PackageFile reads a file that is processed.
func (s *Store) PackageFile(ctx context.Context, id int64) (PackageFile, error) {
	w := where{}
	w.and(`f.id = ?`, id)
	found, _, err := s.packageFiles(ctx, w, Page{Limit: 1})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("read file %d of a package: %w", id, ErrNotFound)
	}
	if err != nil {
		return PackageFile{}, err
	}
	return found[0], nil
}

func (s *Store) packageFiles(ctx context.Context, w where, p Page) ([]PackageFile, int, error) {
	from := ` FROM package_files f JOIN packages p ON p.id = f.package_id` + w.sql()
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*)`+from, w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count files of packages: %w", err)
	}
	list, err := collect(ctx, s.db, func(r rower) (f PackageFile, err error) {
		return f, r.Scan(&f.ID, &f.PackageID, &f.NodeID, &f.PackageUUID, &f.Path, &f.Status, &f.Message, &f.UpdatedAt)
	}, `SELECT f.id, f.package_id, f.node_id, p.uuid, f.path, f.status, f.message, f.updated_at`+from+` ORDER BY f.id LIMIT ? OFFSET ?`,
		append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list files of packages: %w", err)
	}
	return list, total, nil
}

// SetFileStatus notes what another system says of a file, while its package is processed. ErrNotFound afterwards.
func (s *Store) SetFileStatus(ctx context.Context, id int64, status, message string) error {
	res, err := s.db.ExecContext(ctx, `UPDATE package_files f JOIN packages p ON p.id = f.package_id
		SET f.status = ?, f.message = ?, f.updated_at = UTC_TIMESTAMP(3) WHERE f.id = ? AND p.state = 'transient_file_processing'`,
		status, message, id)
	if err != nil {
		return fmt.Errorf("note the status of file %d of a package: %w", id, err)
	}
	return oneRow(res, "note the status of a file of a package", id)
}
