package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// folderGap is how long a node may not be seen and still be the one whose folder counts: longer than a machine takes to
// start anew. As SQL.
const folderGap = "INTERVAL 10 MINUTE"

// Apart is a storage that is another folder at a node than where its files are.
type Apart struct {
	Storage string
	// Node is the one that has the files.
	Node string
}

// ShareFolders tells all nodes which folder a node has as which storage, by ids, and returns the storages that are
// another folder elsewhere. Of several folders, that counts which was there first, without a gap, at a node that is
// there: its files are those that people have seen.
func (s *Store) ShareFolders(ctx context.Context, node string, folders map[string]string) ([]Apart, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for _, storage := range slices.Sorted(maps.Keys(folders)) {
		// Assignments are made from left to right: since looks at what the row had before.
		if _, err := s.db.ExecContext(ctx, `INSERT INTO node_folders (node, storage, folder, since, seen)
			VALUES (?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE
			since = IF(folder = VALUES(folder) AND seen > UTC_TIMESTAMP(6) - `+folderGap+`, since, UTC_TIMESTAMP(6)),
			folder = VALUES(folder), seen = UTC_TIMESTAMP(6)`, node, storage, folders[storage]); err != nil {
			return nil, fmt.Errorf("share folders: %w", err)
		}
	}
	rows, err := s.db.QueryContext(ctx, `SELECT storage, node, folder FROM node_folders
		WHERE seen > UTC_TIMESTAMP(6) - `+folderGap+` ORDER BY storage, since, node`)
	if err != nil {
		return nil, fmt.Errorf("read folders of nodes: %w", err)
	}
	defer rows.Close()
	var apart []Apart
	decided := map[string]bool{}
	for rows.Next() {
		var a Apart
		var folder string
		if err := rows.Scan(&a.Storage, &a.Node, &folder); err != nil {
			return nil, fmt.Errorf("read folders of nodes: %w", err)
		}
		mine, ok := folders[a.Storage]
		if ok && !decided[a.Storage] && mine != folder {
			apart = append(apart, a)
		}
		decided[a.Storage] = true
	}
	return apart, rows.Err()
}
