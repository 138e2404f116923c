package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// maxIDsPerCall bounds the parameters of one statement.
const maxIDsPerCall = 1000

func hashPath(p string) []byte {
	h := sha256.Sum256([]byte(p))
	return h[:]
}

func insertFile(ctx context.Context, tx *sql.Tx, accessKey string, id uint64, path string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO files (access_key_id, id, path, path_hash) VALUES (?, ?, ?, ?)", accessKey, id, path, hashPath(path))
	return err
}

// FilePath is the path of a file id, relative to the root of its access key; ErrNotFound if the id was never given out.
func (s *Store) FilePath(ctx context.Context, accessKey string, id uint64) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var p string
	err := s.db.QueryRowContext(ctx, "SELECT path FROM files WHERE access_key_id = ? AND id = ?", accessKey, id).Scan(&p)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("file id: %w", ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("read file id: %w", err)
	}
	return p, nil
}

// FileIDs gives the ids of paths in the same order, and makes those that are new.
func (s *Store) FileIDs(ctx context.Context, accessKey string, paths []string) ([]uint64, error) {
	ids := make([]uint64, 0, len(paths))
	for len(paths) > 0 {
		n := min(len(paths), maxIDsPerCall)
		part, err := s.fileIDs(ctx, accessKey, paths[:n])
		if err != nil {
			return nil, err
		}
		ids = append(ids, part...)
		paths = paths[n:]
	}
	return ids, nil
}

func (s *Store) fileIDs(ctx context.Context, accessKey string, paths []string) ([]uint64, error) {
	known, err := s.knownIDs(ctx, s.db, accessKey, paths)
	if err != nil {
		return nil, err
	}
	if missing := without(paths, known); len(missing) > 0 {
		err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
			// The update locks the key's row, so two nodes never give out one id twice or two ids for one path.
			res, err := tx.ExecContext(ctx, "UPDATE access_keys SET next_file_id = LAST_INSERT_ID(next_file_id) + ? WHERE id = ?", len(missing), accessKey)
			if err != nil {
				return fmt.Errorf("reserve file ids: %w", err)
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				return errors.Join(err, fmt.Errorf("access key: %w", ErrNotFound))
			}
			first, err := res.LastInsertId()
			if err != nil {
				return fmt.Errorf("reserve file ids: %w", err)
			}
			args := make([]any, 0, 4*len(missing))
			for i, p := range missing {
				args = append(args, accessKey, uint64(first)+uint64(i), p, hashPath(p))
			}
			// A path that another node added meanwhile keeps the id it got there.
			_, err = tx.ExecContext(ctx, "INSERT IGNORE INTO files (access_key_id, id, path, path_hash) VALUES "+
				repeat("(?, ?, ?, ?)", len(missing)), args...)
			if err != nil {
				return fmt.Errorf("insert file ids: %w", err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if known, err = s.knownIDs(ctx, s.db, accessKey, paths); err != nil {
			return nil, err
		}
	}
	ids := make([]uint64, len(paths))
	for i, p := range paths {
		if ids[i] = known[p]; ids[i] == 0 {
			return nil, fmt.Errorf("file id: %w", ErrNotFound)
		}
	}
	return ids, nil
}

func (s *Store) knownIDs(ctx context.Context, db *sql.DB, accessKey string, paths []string) (map[string]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	args := []any{accessKey}
	for _, p := range paths {
		args = append(args, hashPath(p))
	}
	rows, err := db.QueryContext(ctx, "SELECT id, path FROM files WHERE access_key_id = ? AND path_hash IN ("+repeat("?", len(paths))+")", args...)
	if err != nil {
		return nil, fmt.Errorf("read file ids: %w", err)
	}
	defer rows.Close()
	known := make(map[string]uint64, len(paths))
	for rows.Next() {
		var id uint64
		var p string
		if err := rows.Scan(&id, &p); err != nil {
			return nil, fmt.Errorf("read file ids: %w", err)
		}
		known[p] = id
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read file ids: %w", err)
	}
	return known, nil
}

// ForgetPath drops the ids of a file or folder that was removed, and of all beneath it.
func (s *Store) ForgetPath(ctx context.Context, accessKey, path string) error {
	if path == "/" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.db.ExecContext(ctx, "DELETE FROM files WHERE access_key_id = ? AND (path_hash = ? OR path LIKE ? ESCAPE '!')",
		accessKey, hashPath(path), likePrefix(path+"/"))
	if err != nil {
		return fmt.Errorf("forget file ids: %w", err)
	}
	return nil
}

// MovePath keeps the ids of a file or folder that was renamed, and of all beneath it.
func (s *Store) MovePath(ctx context.Context, accessKey, from, to string) error {
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM files WHERE access_key_id = ? AND (path_hash = ? OR path LIKE ? ESCAPE '!')",
			accessKey, hashPath(to), likePrefix(to+"/"))
		if err != nil {
			return fmt.Errorf("move file ids: %w", err)
		}
		// MariaDB evaluates assignments from left to right: path_hash is made of the new path.
		_, err = tx.ExecContext(ctx, `UPDATE files SET path = CONCAT(?, SUBSTRING(path, CHAR_LENGTH(?) + 1)), path_hash = UNHEX(SHA2(path, 256))
			WHERE access_key_id = ? AND (path_hash = ? OR path LIKE ? ESCAPE '!')`, to, from, accessKey, hashPath(from), likePrefix(from+"/"))
		if err != nil {
			return fmt.Errorf("move file ids: %w", err)
		}
		return nil
	})
}

func without(paths []string, known map[string]uint64) []string {
	var missing []string
	for _, p := range paths {
		if known[p] == 0 {
			missing = append(missing, p)
		}
	}
	return missing
}

// repeat writes n copies of one with commas between.
func repeat(one string, n int) string { return strings.TrimSuffix(strings.Repeat(one+", ", n), ", ") }

func likePrefix(prefix string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(prefix) + "%"
}
