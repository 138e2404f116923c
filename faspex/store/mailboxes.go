package store

import (
	"context"
	"fmt"
	"time"

	"faspex.io/operator/faspex/packages"
)

// Box says whose packages a list shows, and from which side.
type Box string

const (
	BoxInbox   Box = "inbox"   // released packages sent to the account
	BoxOutbox  Box = "outbox"  // packages the account sent
	BoxPending Box = "pending" // packages the account sent that wait for their release date
	BoxAll     Box = "all"     // both sides
	BoxGlobal  Box = "global"  // every package; for admins
)

// PackageFilter narrows a list of packages; zero values narrow nothing but for AccountID, which every box but global needs.
type PackageFilter struct {
	Box           Box
	AccountID     int64
	History       bool   // archived packages too, and in the inbox expired ones
	Query         string // part of the title, the sender's name, or a recipient's
	Status        packages.Status
	UploadStatus  packages.UploadStatus
	ReleasePolicy string
	CreatedAfter  time.Time
	ChangedSince  time.Time
	IgnoreDeleted bool
}

// Packages lists packages, newest first, and counts all that match.
func (s *Store) Packages(ctx context.Context, f PackageFilter, p Page) ([]Package, int, error) {
	w := where{}
	unarchived := ` AND NOT d.archived`
	// Recipients see a package once it left held: before that it is the sender's affair.
	visible := `p.state = 'released'`
	if f.History {
		unarchived, visible = ``, `p.state IN ('released', 'expired', 'transient_released_to_expired')`
	}
	received := `EXISTS (SELECT 1 FROM deliveries d WHERE d.package_id = p.id AND d.account_id = ? AND d.deleted_at IS NULL` + unarchived + `)`
	switch f.Box {
	case BoxInbox:
		w.and(received+` AND `+visible, f.AccountID)
	case BoxOutbox:
		w.and(`p.sender_id = ?`, f.AccountID)
		if !f.History {
			w.and(`NOT p.sender_archived`)
		}
	case BoxPending:
		w.and(`p.sender_id = ? AND p.state = 'held' AND p.release_policy <> 'now'`, f.AccountID)
	case BoxAll:
		w.and(`(p.sender_id = ? OR (`+received+` AND `+visible+`))`, f.AccountID, f.AccountID)
	case BoxGlobal:
	default:
		return nil, 0, fmt.Errorf("list packages: unknown box %q", f.Box)
	}
	if f.Query != "" {
		like := "%" + likeEscape(f.Query) + "%"
		w.and(`(p.title LIKE ? OR a.name LIKE ? OR EXISTS (SELECT 1 FROM deliveries d JOIN accounts r ON r.id = d.account_id
			WHERE d.package_id = p.id AND NOT d.private AND r.name LIKE ?))`, like, like, like)
	}
	if f.Status != "" {
		w.matching(f.Status)
	}
	if f.UploadStatus != "" {
		w.and(`p.upload_status = ?`, f.UploadStatus)
	}
	if f.ReleasePolicy != "" {
		w.and(`p.release_policy = ?`, f.ReleasePolicy)
	}
	if !f.CreatedAfter.IsZero() {
		w.and(`p.created_at >= ?`, f.CreatedAfter)
	}
	if !f.ChangedSince.IsZero() {
		w.and(`p.updated_at >= ?`, f.ChangedSince)
	}
	if f.IgnoreDeleted {
		w.and(`p.state <> 'deleted'`)
	}
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*)`+packageFrom+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count packages: %w", err)
	}
	list, err := collect(ctx, s.db, scanPackage, `SELECT `+packageColumns+`, `+personColumns+packageFrom+w.sql()+` ORDER BY p.id DESC LIMIT ? OFFSET ?`,
		append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list packages: %w", err)
	}
	return list, total, nil
}

// matching keeps packages that are shown with a status.
func (w *where) matching(shown packages.Status) {
	conds, args := "FALSE", []any{}
	for _, m := range packages.Matching(shown) {
		conds += ` OR (p.state = ?`
		args = append(args, m.State)
		if m.Upload != "" {
			conds += ` AND p.upload_status = ?`
			args = append(args, m.Upload)
		}
		conds += `)`
	}
	w.and(`(`+conds+`)`, args...)
}
