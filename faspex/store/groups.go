package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Kinds of groups.
const (
	Workgroup   = "workgroup"
	SharedInbox = "shared_inbox"
)

// Group is a workgroup or a shared inbox.
type Group struct {
	ID      int64
	Kind    string
	Name    string
	Deleted bool
	Options json.RawMessage // what administrators set
}

const groupColumns = `g.id, g.kind, g.name, g.alive IS NULL, g.options`

func (g *Group) columns() []any { return []any{&g.ID, &g.Kind, &g.Name, &g.Deleted, &g.Options} }

func scanGroup(r rower) (g Group, err error) { return g, r.Scan(g.columns()...) }

// Group reads a group of a kind that was not deleted.
func (s *Store) Group(ctx context.Context, kind string, id int64) (Group, error) {
	g, err := scanGroup(s.db.QueryRowContext(ctx, `SELECT `+groupColumns+
		` FROM recipient_groups g WHERE g.id = ? AND g.kind = ? AND g.alive = 1`, id, kind))
	if err != nil {
		return g, fmt.Errorf("read %s %d: %w", kind, id, classify(err))
	}
	return g, nil
}

// Groups lists the groups of a kind that were not deleted and whose name has a part, by name. Which of them somebody
// sees is not decided here.
func (s *Store) Groups(ctx context.Context, kind, query string) ([]Group, error) {
	list, err := collect(ctx, s.db, scanGroup, `SELECT `+groupColumns+
		` FROM recipient_groups g WHERE g.kind = ? AND g.alive = 1 AND g.name LIKE ? ORDER BY g.name, g.id`,
		kind, "%"+likeEscape(query)+"%")
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return list, nil
}

// GroupByName reads a group by its name, without case.
func (s *Store) GroupByName(ctx context.Context, kind, name string) (Group, error) {
	g, err := scanGroup(s.db.QueryRowContext(ctx, `SELECT `+groupColumns+
		` FROM recipient_groups g WHERE g.kind = ? AND g.name = ? AND g.alive = 1`, kind, name))
	if err != nil {
		return g, fmt.Errorf("read %s: %w", kind, classify(err))
	}
	return g, nil
}

// CreateGroup stores a group and gives its id. ErrConflict when there is one of its kind and name.
func (s *Store) CreateGroup(ctx context.Context, g Group) (int64, error) {
	res, err := s.db.ExecContext(ctx, `INSERT INTO recipient_groups (kind, name, options) VALUES (?, ?, ?)`,
		g.Kind, g.Name, orJSON(g.Options, `{}`))
	if err != nil {
		return 0, fmt.Errorf("create %s: %w", g.Kind, classify(err))
	}
	return res.LastInsertId()
}

// UpdateGroup writes the name and the options of a group. ErrChanged when its options are not as before any more.
func (s *Store) UpdateGroup(ctx context.Context, before, g Group) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		now, err := scanGroup(tx.QueryRowContext(ctx, `SELECT `+groupColumns+
			` FROM recipient_groups g WHERE g.id = ? AND g.alive = 1 FOR UPDATE`, g.ID))
		if err != nil {
			return err
		}
		if now.Name != before.Name || string(now.Options) != string(before.Options) {
			return ErrChanged
		}
		_, err = tx.ExecContext(ctx, `UPDATE recipient_groups SET name = ?, options = ? WHERE id = ?`, g.Name,
			[]byte(g.Options), g.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("update %s %d: %w", g.Kind, g.ID, classify(err))
	}
	return nil
}

// DeleteGroup removes a group and its members. Packages that were sent to it name it still.
func (s *Store) DeleteGroup(ctx context.Context, kind string, id int64) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE recipient_groups SET alive = NULL WHERE id = ? AND kind = ? AND alive = 1`, id, kind)
		if err == nil {
			err = oneRow(res, "delete "+kind, id)
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM group_members WHERE group_id = ?`, id)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete %s %d: %w", kind, id, classify(err))
	}
	return nil
}

// GroupFigures is what administrators are told of the use of a group.
type GroupFigures struct {
	ActiveMembers, Packages int
	Latest                  sql.NullTime
}

// GroupFigures counts for every group of a kind.
func (s *Store) GroupFigures(ctx context.Context, kind string) (map[int64]GroupFigures, error) {
	out := map[int64]GroupFigures{}
	_, err := collect(ctx, s.db, func(r rower) (id int64, err error) {
		var f GroupFigures
		err = r.Scan(&id, &f.ActiveMembers, &f.Packages, &f.Latest)
		out[id] = f
		return id, err
	}, `SELECT g.id, (SELECT COUNT(*) FROM group_members m JOIN accounts a ON a.id = m.account_id
			WHERE m.group_id = g.id AND `+statusColumn+` = 'active'),
		COUNT(p.id), MAX(p.released_at)
		FROM recipient_groups g LEFT JOIN package_groups k ON k.group_id = g.id AND k.shown IN (1, 2)
		LEFT JOIN packages p ON p.id = k.package_id WHERE g.kind = ? AND g.alive = 1 GROUP BY g.id`, kind)
	if err != nil {
		return nil, fmt.Errorf("count in groups: %w", err)
	}
	return out, nil
}

// PackageGroup is a group that a package went to.
type PackageGroup struct {
	PackageID int64
	Group
	Private  bool
	Archived bool // taken off the lists of all members
}

// PackageGroups lists the groups that packages went to, keyed by package id.
func (s *Store) PackageGroups(ctx context.Context, packageIDs ...int64) (map[int64][]PackageGroup, error) {
	out := map[int64][]PackageGroup{}
	if len(packageIDs) == 0 {
		return out, nil
	}
	w := where{}
	whereIn(&w, `k.package_id`, packageIDs)
	list, err := collect(ctx, s.db, func(r rower) (g PackageGroup, err error) {
		return g, r.Scan(append([]any{&g.PackageID, &g.Private, &g.Archived}, g.columns()...)...)
	}, `SELECT k.package_id, k.private, k.archived, `+groupColumns+
		` FROM package_groups k JOIN recipient_groups g ON g.id = k.group_id`+w.sql()+` ORDER BY k.package_id, g.id`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("list groups of packages: %w", err)
	}
	for _, g := range list {
		out[g.PackageID] = append(out[g.PackageID], g)
	}
	return out, nil
}

// ArchiveForGroup takes a package off the lists of all members of a group.
func (s *Store) ArchiveForGroup(ctx context.Context, packageID, groupID int64) error {
	if _, err := s.changePackage(ctx, packageID, noteLists,
		`UPDATE package_groups SET archived = TRUE WHERE package_id = ? AND group_id = ?`, packageID, groupID); err != nil {
		return fmt.Errorf("archive package %d for a group: %w", packageID, err)
	}
	return nil
}

// Member is somebody in a group.
type Member struct {
	GroupID int64
	Access  string
	Since   time.Time
	Account Account // as others see it: personColumns
}

// MemberFilter narrows a list of members; zero values narrow nothing.
type MemberFilter struct {
	Query   string // part of a name or an e-mail address
	Access  string
	Account int64
}
