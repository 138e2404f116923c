package store

import (
	"context"
	"fmt"
)

// FolderReaders lists who may take files from a limited folder, and counts all that match.
func (s *Store) FolderReaders(ctx context.Context, folderID int64, query string, p Page) ([]Account, int, error) {
	return s.Accounts(ctx, AccountFilter{Query: query, ReadsFolder: folderID}, p)
}

// AddFolderReader lets an account take files from a limited folder. ErrNotFound when either is not there; one who may
// already is no error.
func (s *Store) AddFolderReader(ctx context.Context, folderID, accountID int64) error {
	res, err := s.db.ExecContext(ctx, `INSERT INTO folder_readers (folder_id, account_id)
		SELECT f.id, a.id FROM shared_folders f JOIN accounts a ON a.id = ? AND a.deleted_at IS NULL AND a.type <> 'external_user'
		WHERE f.id = ? ON DUPLICATE KEY UPDATE account_id = a.id`, accountID, folderID)
	if err != nil {
		return fmt.Errorf("add a reader to folder %d: %w", folderID, classify(err))
	}
	if n, err := res.RowsAffected(); err == nil && n > 0 {
		return nil
	}
	var there bool
	if err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM folder_readers WHERE folder_id = ? AND account_id = ?)`,
		folderID, accountID).Scan(&there); err != nil || !there {
		return oneRow(res, "add a reader to folder", folderID)
	}
	return nil
}

// RemoveFolderReader ends that an account may take files from a limited folder. ErrNotFound for one who may not.
func (s *Store) RemoveFolderReader(ctx context.Context, folderID, accountID int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM folder_readers WHERE folder_id = ? AND account_id = ?`, folderID, accountID)
	if err != nil {
		return fmt.Errorf("remove a reader of folder %d: %w", folderID, err)
	}
	return oneRow(res, "remove a reader of folder", folderID)
}

// ReadsFolder reports whether an account is on the list of a limited folder.
func (s *Store) ReadsFolder(ctx context.Context, folderID, accountID int64) (listed bool, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM folder_readers WHERE folder_id = ? AND account_id = ?)`,
		folderID, accountID).Scan(&listed)
	if err != nil {
		return false, fmt.Errorf("look for a reader of folder %d: %w", folderID, err)
	}
	return listed, nil
}
