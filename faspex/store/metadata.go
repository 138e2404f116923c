package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// MetadataProfile is a profile as it is kept: its parts are a document.
type MetadataProfile struct {
	ID        int64
	Name      string
	Default   bool
	Document  json.RawMessage
	CreatedAt time.Time
	UpdatedAt time.Time
}

const profileColumns = `id, name, default_marker IS NOT NULL, document, created_at, updated_at`

func scanProfile(r rower) (p MetadataProfile, err error) {
	return p, r.Scan(&p.ID, &p.Name, &p.Default, &p.Document, &p.CreatedAt, &p.UpdatedAt)
}

// MetadataProfiles lists the profiles whose name has a part, and counts all that match.
func (s *Store) MetadataProfiles(ctx context.Context, query string, p Page) ([]MetadataProfile, int, error) {
	like := "%" + likeEscape(query) + "%"
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM metadata_profiles WHERE name LIKE ?`, like).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count metadata profiles: %w", err)
	}
	list, err := collect(ctx, s.db, scanProfile, `SELECT `+profileColumns+
		` FROM metadata_profiles WHERE name LIKE ? ORDER BY name, id LIMIT ? OFFSET ?`, like, p.Limit, p.Offset)
	if err != nil {
		return nil, 0, fmt.Errorf("list metadata profiles: %w", err)
	}
	return list, total, nil
}

// MetadataProfile reads one profile.
func (s *Store) MetadataProfile(ctx context.Context, id int64) (MetadataProfile, error) {
	p, err := scanProfile(s.db.QueryRowContext(ctx, `SELECT `+profileColumns+` FROM metadata_profiles WHERE id = ?`, id))
	if err != nil {
		return p, fmt.Errorf("read metadata profile %d: %w", id, classify(err))
	}
	return p, nil
}

// DefaultMetadataProfile reads the profile of packages to people, lists and workgroups. ErrNotFound when none was chosen.
func (s *Store) DefaultMetadataProfile(ctx context.Context) (MetadataProfile, error) {
	p, err := scanProfile(s.db.QueryRowContext(ctx, `SELECT `+profileColumns+
		` FROM metadata_profiles WHERE default_marker = 1`))
	if err != nil {
		return p, fmt.Errorf("read default metadata profile: %w", classify(err))
	}
	return p, nil
}

// PutMetadataProfile stores a profile, a new one when its ID is 0, and gives its id. A new default takes the mark from the
// old one.
func (s *Store) PutMetadataProfile(ctx context.Context, p MetadataProfile) (int64, error) {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if p.Default {
			if _, err := tx.ExecContext(ctx,
				`UPDATE metadata_profiles SET default_marker = NULL WHERE default_marker = 1 AND id <> ?`, p.ID); err != nil {
				return err
			}
		}
		mark := sql.NullInt64{Int64: 1, Valid: p.Default}
		if p.ID != 0 {
			res, err := tx.ExecContext(ctx, `UPDATE metadata_profiles SET name = ?, default_marker = ?, document = ? WHERE id = ?`,
				p.Name, mark, []byte(p.Document), p.ID)
			if err != nil {
				return err
			}
			return oneRow(res, "update metadata profile", p.ID)
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO metadata_profiles (name, default_marker, document) VALUES (?, ?, ?)`, p.Name,
			mark, []byte(p.Document))
		if err == nil {
			p.ID, err = res.LastInsertId()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store metadata profile: %w", classify(err))
	}
	return p.ID, nil
}

// DeleteMetadataProfile removes a profile. What packages hold of it stays.
func (s *Store) DeleteMetadataProfile(ctx context.Context, id int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM metadata_profiles WHERE id = ?`, id)
	if err != nil {
		return fmt.Errorf("delete metadata profile %d: %w", id, err)
	}
	return oneRow(res, "delete metadata profile", id)
}
