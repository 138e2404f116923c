package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/token"
)

// Permission lets a user or a group do something with a file, and with all beneath it.
type Permission struct {
	ID        uint64
	AccessKey string
	// FileID is RootFileID for the folder of the access key.
	FileID uint64
	// AccessType is user or group, AccessID that of either in bearer tokens.
	AccessType, AccessID string
	Levels               []token.Level
	Tags                 json.RawMessage
	CreatedBy, UpdatedBy string
	CreatedAt, UpdatedAt time.Time
}

// Types of who is permitted something.
const (
	AccessUser  = "user"
	AccessGroup = "group"
)

const permissionColumns = "id, access_key_id, file_id, access_type, access_id, access_levels, tags, created_by, created_at, updated_by, updated_at"

func scanPermission(row scanner) (Permission, error) {
	var p Permission
	var levels string
	var tags []byte
	err := row.Scan(&p.ID, &p.AccessKey, &p.FileID, &p.AccessType, &p.AccessID, &levels, &tags, &p.CreatedBy, &p.CreatedAt,
		&p.UpdatedBy, &p.UpdatedAt)
	p.Levels, p.Tags = parseLevels(levels), tags
	return p, err
}

func parseLevels(text string) (levels []token.Level) {
	for l := range strings.SplitSeq(text, ",") {
		if l != "" {
			levels = append(levels, token.Level(l))
		}
	}
	return levels
}

func levelsText(levels []token.Level) string {
	texts := make([]string, len(levels))
	for i, l := range levels {
		texts[i] = string(l)
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ",")
}

// CreatePermission stores a permission; ErrExists if the same user or group has one on the same file.
func (s *Store) CreatePermission(ctx context.Context, p Permission) (Permission, error) {
	var id int64
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO permissions (access_key_id, file_id, access_type, access_id, access_levels, tags, created_by, updated_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, p.AccessKey, p.FileID, p.AccessType, p.AccessID, levelsText(p.Levels), string(p.Tags), p.CreatedBy, p.CreatedBy)
		if isDuplicate(err) {
			return fmt.Errorf("permission: %w", ErrExists)
		}
		if err != nil {
			return fmt.Errorf("insert permission: %w", err)
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		return logPermission(ctx, tx, p.AccessKey, uint64(id), EventPermissionCreated)
	})
	if err != nil {
		return Permission{}, err
	}
	return s.Permission(ctx, p.AccessKey, uint64(id))
}

// Permission reads a permission of an access key; ErrNotFound if there is none.
func (s *Store) Permission(ctx context.Context, accessKey string, id uint64) (Permission, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	p, err := scanPermission(s.db.QueryRowContext(ctx, "SELECT "+permissionColumns+
		" FROM permissions WHERE access_key_id = ? AND id = ?", accessKey, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Permission{}, fmt.Errorf("permission: %w", ErrNotFound)
	}
	if err != nil {
		return Permission{}, fmt.Errorf("read permission: %w", err)
	}
	return p, nil
}

// PermissionChange holds what to change; nil leaves it.
type PermissionChange struct {
	Levels    []token.Level
	Tags      json.RawMessage
	UpdatedBy string
}

// UpdatePermission changes a permission of an access key.
func (s *Store) UpdatePermission(ctx context.Context, accessKey string, id uint64, c PermissionChange) error {
	var levels, tags *string
	if c.Levels != nil {
		text := levelsText(c.Levels)
		levels = &text
	}
	if c.Tags != nil {
		text := string(c.Tags)
		tags = &text
	}
	return s.changePermission(ctx, accessKey, id, EventPermissionUpdated, `UPDATE permissions SET access_levels = COALESCE(?, access_levels), tags = COALESCE(?, tags), updated_by = ?,
		updated_at = UTC_TIMESTAMP(6) WHERE access_key_id = ? AND id = ?`, levels, tags, c.UpdatedBy, accessKey, id)
}

// DeletePermission removes a permission of an access key.
func (s *Store) DeletePermission(ctx context.Context, accessKey string, id uint64) error {
	return s.changePermission(ctx, accessKey, id, EventPermissionDeleted, "DELETE FROM permissions WHERE access_key_id = ? AND id = ?", accessKey, id)
}

func (s *Store) changePermission(ctx context.Context, accessKey string, id uint64, kind EventType, query string,
	args ...any) error {
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("change permission: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("change permission: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("permission: %w", ErrNotFound)
		}
		return logPermission(ctx, tx, accessKey, id, kind)
	})
}

// logPermission logs a change of a permission, if such are logged of its access key.
func logPermission(ctx context.Context, tx *sql.Tx, accessKey string, id uint64, kind EventType) error {
	logging, err := loggingOf(ctx, tx, accessKey)
	if err != nil || !logging.Events {
		return err
	}
	return logEvents(ctx, tx, newEvent{
		accessKey: accessKey, user: actor(ctx), kind: kind, data: map[string]any{"id": strconv.FormatUint(id, 10)},
	})
}

// PermissionFilter selects permissions of an access key; empty fields select all.
type PermissionFilter struct {
	AccessKey string
	FileIDs   []uint64
	// AccessType, AccessID, CreatedBy and UpdatedBy are exact.
	AccessType, AccessID, CreatedBy, UpdatedBy string
	// Level must be among the levels.
	Level         token.Level
	Offset, Limit int
}

// Permissions lists permissions in the order of their ids, and says how many there are in all.
func (s *Store) Permissions(ctx context.Context, f PermissionFilter) (found []Permission, total int, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	query, args := " FROM permissions WHERE access_key_id = ?", []any{f.AccessKey}
	where := func(on bool, condition string, values ...any) {
		if on {
			query += " AND " + condition
			args = append(args, values...)
		}
	}
	ids := make([]any, len(f.FileIDs))
	for i, id := range f.FileIDs {
		ids[i] = id
	}
	where(len(ids) > 0, "file_id IN ("+repeat("?", len(ids))+")", ids...)
	where(f.AccessType != "", "access_type = ?", f.AccessType)
	where(f.AccessID != "", "access_id = ?", f.AccessID)
	where(f.CreatedBy != "", "created_by = ?", f.CreatedBy)
	where(f.UpdatedBy != "", "updated_by = ?", f.UpdatedBy)
	where(f.Level != "", "FIND_IN_SET(?, access_levels) > 0", string(f.Level))
	if err := s.db.QueryRowContext(ctx, "SELECT COUNT(*)"+query, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count permissions: %w", err)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT "+permissionColumns+query+
		" ORDER BY id LIMIT ? OFFSET ?", append(args, f.Limit, f.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list permissions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scanPermission(rows)
		if err != nil {
			return nil, 0, fmt.Errorf("list permissions: %w", err)
		}
		found = append(found, p)
	}
	return found, total, rows.Err()
}

// GrantedLevels are the levels that a user, with groups, has on any of the files.
func (s *Store) GrantedLevels(ctx context.Context, accessKey, user string, groups []string,
	fileIDs []uint64) (token.Levels, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	args := []any{accessKey}
	for _, id := range fileIDs {
		args = append(args, id)
	}
	args = append(args, AccessUser, user)
	who := "access_type = ? AND access_id = ?"
	if len(groups) > 0 {
		args = append(args, AccessGroup)
		for _, g := range groups {
			args = append(args, g)
		}
		who += " OR access_type = ? AND access_id IN (" + repeat("?", len(groups)) + ")"
	}
	rows, err := s.db.QueryContext(ctx, "SELECT access_levels FROM permissions WHERE access_key_id = ? AND file_id IN ("+
		repeat("?", len(fileIDs))+") AND ("+who+")", args...)
	if err != nil {
		return nil, fmt.Errorf("read permissions: %w", err)
	}
	defer rows.Close()
	levels := token.Levels{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read permissions: %w", err)
		}
		for _, l := range parseLevels(text) {
			levels[l] = true
		}
	}
	return levels, rows.Err()
}
