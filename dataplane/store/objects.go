package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

const (
	// RootFileID is the file id of every access key's root folder, and that of the top of the storage.
	RootFileID = 1
	// maxIDsPerCall bounds the parameters of one statement.
	maxIDsPerCall = 1000
	// maxDepth is how deep a path can be: as many names of one letter as its bytes hold.
	maxDepth = 2048
)

// Object is a file or folder that has an id: where it was last seen, and what tells it from
// another that has or gets its path.
type Object struct {
	ID     uint64
	Parent uint64
	Name   string
	Inode  uint64
	// BornNsec is 0 where the storage does not say when a file was made.
	BornNsec int64
}

// Same reports whether two objects are one file, wherever they are.
func (o Object) Same(other Object) bool {
	return o.Inode == other.Inode && o.BornNsec == other.BornNsec
}

const objectColumns = "id, parent, name, inode, born_nsec"

func scanObjects(rows *sql.Rows) ([]Object, error) {
	defer rows.Close()
	var found []Object
	for rows.Next() {
		var o Object
		if err := rows.Scan(&o.ID, &o.Parent, &o.Name, &o.Inode, &o.BornNsec); err != nil {
			return nil, fmt.Errorf("read file ids: %w", err)
		}
		found = append(found, o)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read file ids: %w", err)
	}
	return found, nil
}

func (s *Store) objects(ctx context.Context, query string, args ...any) ([]Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read file ids: %w", err)
	}
	return scanObjects(rows)
}

// inParts calls fn with parts of values that one statement can take.
func inParts[T any](values []T, fn func([]T) error) error {
	for len(values) > 0 {
		n := min(len(values), maxIDsPerCall)
		if err := fn(values[:n]); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// Children are the objects in a folder that have one of the names, by name.
func (s *Store) Children(ctx context.Context, parent uint64, names []string) (map[string]Object, error) {
	out := make(map[string]Object, len(names))
	err := inParts(names, func(names []string) error {
		args := []any{parent}
		for _, n := range names {
			args = append(args, []byte(n))
		}
		found, err := s.objects(ctx, "SELECT "+objectColumns+" FROM objects WHERE parent = ? AND name IN ("+
			repeat("?", len(names))+")", args...)
		for _, o := range found {
			out[o.Name] = o
		}
		return err
	})
	return out, err
}

// AddObjects gives ids to objects whose place has none. Another node may do the same: the first one counts.
func (s *Store) AddObjects(ctx context.Context, objects []Object) error {
	return inParts(objects, func(objects []Object) error {
		return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
			args := make([]any, 0, 4*len(objects))
			for _, o := range objects {
				args = append(args, o.Parent, []byte(o.Name), o.Inode, o.BornNsec)
			}
			_, err := tx.ExecContext(ctx, "INSERT IGNORE INTO objects (parent, name, inode, born_nsec) VALUES "+
				repeat("(?, ?, ?, ?)", len(objects)), args...)
			if err != nil {
				return fmt.Errorf("insert file ids: %w", err)
			}
			return nil
		})
	})
}

// RemoveObjects forgets ids. What is beneath them has no way to the top any more, and is forgotten by SweepObjects.
func (s *Store) RemoveObjects(ctx context.Context, ids []uint64) error {
	return inParts(ids, func(ids []uint64) error {
		args := make([]any, len(ids))
		for i, id := range ids {
			args[i] = id
		}
		_, err := s.remove(ctx, "DELETE FROM objects WHERE id <> 1 AND id IN ("+repeat("?", len(ids))+")", args...)
		if err != nil {
			return fmt.Errorf("forget file ids: %w", err)
		}
		return nil
	})
}

// lostParent is where objects are whose place another file has taken, until they are seen
// elsewhere. Nothing has this id.
const lostParent = uint64(1<<64 - 1)

// Lost reports whether the object is nowhere for now.
func (o Object) Lost() bool { return o.Parent == lostParent }

// keepLost is how long an object is remembered that was not seen elsewhere.
const keepLost = 24 * time.Hour

// MoveObjects puts objects, which are told by their ids, to the places that they name, also where they change places
// with each other. What else was known there is lost until it is seen elsewhere, and so are the objects in lost.
func (s *Store) MoveObjects(ctx context.Context, objects []Object, lost []uint64) error {
	if len(objects)+len(lost) == 0 {
		return nil
	}
	const lose = "UPDATE objects SET parent = ?, name = CAST(id AS CHAR), lost_at = UTC_TIMESTAMP(6) WHERE id <> 1 AND "
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		run := func(query string, args ...any) error {
			if _, err := tx.ExecContext(ctx, query, args...); err != nil {
				return fmt.Errorf("move file id: %w", err)
			}
			return nil
		}
		for _, id := range lost {
			if err := run(lose+"id = ?", lostParent, id); err != nil {
				return err
			}
		}
		for _, o := range objects {
			if err := run(lose+"(id = ? OR parent = ? AND name = ?)", lostParent, o.ID, o.Parent, []byte(o.Name)); err != nil {
				return err
			}
		}
		for _, o := range objects {
			if err := run("UPDATE objects SET parent = ?, name = ?, lost_at = NULL WHERE id = ?", o.Parent, []byte(o.Name),
				o.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// ObjectsIn are all objects that are known in a folder.
func (s *Store) ObjectsIn(ctx context.Context, parent uint64) ([]Object, error) {
	return s.objects(ctx, "SELECT "+objectColumns+" FROM objects WHERE parent = ?", parent)
}

// IdentifyObject says what tells an object from others from now on.
func (s *Store) IdentifyObject(ctx context.Context, o Object) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if _, err := s.db.ExecContext(ctx, "UPDATE objects SET inode = ?, born_nsec = ? WHERE id = ?", o.Inode, o.BornNsec,
		o.ID); err != nil {
		return fmt.Errorf("identify file id: %w", err)
	}
	return nil
}

// ObjectWay is an object with all above it, the top of the storage first; ErrNotFound if there is no way to the top.
func (s *Store) ObjectWay(ctx context.Context, id uint64) ([]Object, error) {
	found, err := s.objects(ctx, `WITH RECURSIVE way (id, parent, name, inode, born_nsec, depth) AS (
			SELECT id, parent, name, inode, born_nsec, 0 FROM objects WHERE id = ?
			UNION ALL
			SELECT o.id, o.parent, o.name, o.inode, o.born_nsec, w.depth + 1 FROM objects o JOIN way w ON o.id = w.parent WHERE w.depth < ?
		) SELECT id, parent, name, inode, born_nsec FROM way ORDER BY depth DESC`, id, maxDepth)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].ID != RootFileID {
		return nil, fmt.Errorf("file id: %w", ErrNotFound)
	}
	return found, nil
}

// SameObjects are the objects with an identity of one of the given ones.
func (s *Store) SameObjects(ctx context.Context, objects []Object) ([]Object, error) {
	var out []Object
	err := inParts(objects, func(objects []Object) error {
		var args []any
		for _, o := range objects {
			args = append(args, o.Inode, o.BornNsec)
		}
		found, err := s.objects(ctx, "SELECT "+objectColumns+" FROM objects WHERE (inode, born_nsec) IN ("+
			repeat("(?, ?)", len(objects))+")", args...)
		out = append(out, found...)
		return err
	})
	return out, err
}

// ObjectsAfter are the next objects in the order of their ids.
func (s *Store) ObjectsAfter(ctx context.Context, id uint64, most int) ([]Object, error) {
	return s.objects(ctx, "SELECT "+objectColumns+" FROM objects WHERE id > ? ORDER BY id LIMIT ?", max(id, RootFileID),
		most)
}

// SweepObjects forgets a part of the ids that have no way to the top, and of the permissions on what is gone. It
// reports whether there may be more.
func (s *Store) SweepObjects(ctx context.Context) (more bool, err error) {
	for query, args := range map[string][]any{
		"DELETE FROM objects WHERE parent = ? AND lost_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND LIMIT ?": {
			lostParent, int64(keepLost / time.Second),
		},
		`DELETE FROM objects WHERE id IN (SELECT id FROM (SELECT o.id FROM objects o LEFT JOIN objects p ON p.id = o.parent
			WHERE p.id IS NULL AND o.id <> 1 AND o.parent <> ? LIMIT ?) AS gone)`: {lostParent},
		`DELETE FROM permissions WHERE id IN (SELECT id FROM (SELECT p.id FROM permissions p LEFT JOIN objects o ON o.id = p.file_id
			WHERE o.id IS NULL LIMIT ?) AS gone)`: nil,
	} {
		n, err := s.remove(ctx, query, append(args, maxPurgedRows)...)
		if err != nil {
			return false, fmt.Errorf("sweep file ids: %w", err)
		}
		more = more || n == maxPurgedRows
	}
	return more, nil
}

// repeat writes n copies of one with commas between.
func repeat(one string, n int) string { return strings.TrimSuffix(strings.Repeat(one+", ", n), ", ") }

func likePrefix(prefix string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(prefix) + "%"
}
