package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/faspex/packages"
)

// RemoteSource is where the content of a package comes from that no client uploads.
type RemoteSource struct {
	PackageID  int64
	FolderID   int64  // 0 once the folder is removed
	TransferID string // of the folder's node; empty until the node has taken the transfer
	AskedAt    time.Time
}

// BeginRemote notes that the content of a package is being sent from a folder: upload status queued. False when the
// package takes no content any more, when another transfer brings it, or when a client was to upload it.
func (s *Store) BeginRemote(ctx context.Context, packageID, folderID int64, at time.Time) (begun bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		begun = false
		var status packages.UploadStatus
		var remote bool
		if err := tx.QueryRowContext(ctx, `SELECT p.upload_status, `+fromFolder+` FROM packages p
			WHERE p.id = ? AND p.state = 'held' FOR UPDATE`, packageID).Scan(&status, &remote); errors.Is(err, sql.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		if !packages.TakesRemote(status, remote) {
			return nil
		}
		begun = true
		if _, err := tx.ExecContext(ctx, `INSERT INTO remote_sources (package_id, folder_id, asked_at) VALUES (?, ?, ?)
			ON DUPLICATE KEY UPDATE folder_id = VALUES(folder_id), asked_at = VALUES(asked_at), transfer_id = ''`,
			packageID, folderID, at); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE packages SET upload_status = 'queued', error_desc = '',
			progress_at = UTC_TIMESTAMP(3) WHERE id = ?`, packageID); err != nil {
			return err
		}
		return noteLists(ctx, tx, packageID)
	})
	if err != nil {
		return false, fmt.Errorf("begin the transfer of package %d from folder %d: %w", packageID, folderID, classify(err))
	}
	return begun, nil
}

// RemoteTaken notes the id that the folder's node gave the transfer.
func (s *Store) RemoteTaken(ctx context.Context, packageID int64, transferID string) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE remote_sources SET transfer_id = ? WHERE package_id = ?`, transferID,
		packageID); err != nil {
		return fmt.Errorf("note the transfer of package %d: %w", packageID, err)
	}
	return nil
}

// RemoteSource reads where the content of a package comes from. ErrNotFound for one that a client uploads.
func (s *Store) RemoteSource(ctx context.Context, packageID int64) (RemoteSource, error) {
	r := RemoteSource{PackageID: packageID}
	if err := s.db.QueryRowContext(ctx, `SELECT COALESCE(folder_id, 0), transfer_id, asked_at FROM remote_sources WHERE package_id = ?`,
		packageID).Scan(&r.FolderID, &r.TransferID, &r.AskedAt); err != nil {
		return r, fmt.Errorf("read the source of package %d: %w", packageID, classify(err))
	}
	return r, nil
}

// RemoteUploads lists packages whose content is on its way from a folder.
func (s *Store) RemoteUploads(ctx context.Context, after int64, limit int) ([]Package, error) {
	w := where{}
	w.and(`p.state = 'held' AND p.upload_status IN ('queued', 'transferring', 'paused') AND ` + fromFolder)
	return s.queued(ctx, w, after, limit)
}

// fromFolder holds for a package (p) whose content comes from a folder.
const fromFolder = `EXISTS (SELECT 1 FROM remote_sources rs WHERE rs.package_id = p.id)`
