package store

import (
	"context"
	"fmt"
)

// Members lists the members of a group and counts all that match.
func (s *Store) Members(ctx context.Context, groupID int64, f MemberFilter, p Page) ([]Member, int, error) {
	w := where{}
	w.and(`m.group_id = ?`, groupID)
	if f.Query != "" {
		like := "%" + likeEscape(f.Query) + "%"
		w.and(`(a.name LIKE ? OR a.email LIKE ? OR CONCAT(a.first_name, ' ', a.last_name) LIKE ?)`, like, like, like)
	}
	if f.Access != "" {
		w.and(`m.access = ?`, f.Access)
	}
	if f.Account != 0 {
		w.and(`m.account_id = ?`, f.Account)
	}
	const from = ` FROM group_members m JOIN accounts a ON a.id = m.account_id`
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*)`+from+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count members: %w", err)
	}
	list, err := collect(ctx, s.db, func(r rower) (m Member, err error) {
		return m, r.Scan(append([]any{&m.GroupID, &m.Access, &m.Since}, m.Account.person()...)...)
	}, `SELECT m.group_id, m.access, m.created_at, `+personColumns+from+w.sql()+` ORDER BY a.name, a.id LIMIT ? OFFSET ?`,
		append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list members: %w", err)
	}
	return list, total, nil
}

// Memberships gives the access that an account has in each of its groups, by the group's id.
func (s *Store) Memberships(ctx context.Context, accountID int64) (map[int64]string, error) {
	out := map[int64]string{}
	_, err := collect(ctx, s.db, func(r rower) (id int64, err error) {
		var access string
		err = r.Scan(&id, &access)
		out[id] = access
		return id, err
	}, `SELECT group_id, access FROM group_members WHERE account_id = ?`, accountID)
	if err != nil {
		return nil, fmt.Errorf("list groups of account %d: %w", accountID, err)
	}
	return out, nil
}

// AddMember makes an account a member of a group. ErrConflict for one who is; ErrNotFound when either is not there, or it
// is an external user.
func (s *Store) AddMember(ctx context.Context, groupID, accountID int64, access string) error {
	res, err := s.db.ExecContext(ctx, `INSERT INTO group_members (group_id, account_id, access)
		SELECT g.id, a.id, ? FROM recipient_groups g JOIN accounts a ON a.id = ? AND a.deleted_at IS NULL AND a.type <> 'external_user'
		WHERE g.id = ? AND g.alive = 1`, access, accountID, groupID)
	if err != nil {
		return fmt.Errorf("add a member to group %d: %w", groupID, classify(err))
	}
	return oneRow(res, "add a member to group", groupID)
}

// SetAccess changes what a member may do in a group.
func (s *Store) SetAccess(ctx context.Context, groupID, accountID int64, access string) error {
	res, err := s.db.ExecContext(ctx, `UPDATE group_members SET access = ? WHERE group_id = ? AND account_id = ?`, access,
		groupID, accountID)
	if err != nil {
		return fmt.Errorf("change a member of group %d: %w", groupID, err)
	}
	return oneRow(res, "change a member of group", groupID)
}

// RemoveMember takes an account out of a group.
func (s *Store) RemoveMember(ctx context.Context, groupID, accountID int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM group_members WHERE group_id = ? AND account_id = ?`, groupID, accountID)
	if err != nil {
		return fmt.Errorf("remove a member of group %d: %w", groupID, err)
	}
	return oneRow(res, "remove a member of group", groupID)
}
