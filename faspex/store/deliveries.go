package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Delivery is a person and what they did with a package: one whom it was sent to, or a member of a group that did
// something.
type Delivery struct {
	ID            int64
	PackageID     int64
	Recipient     Account // as others see it: personColumns
	Direct        bool
	RecipientType string // user
	Private       bool   // seen by the sender only
	Archived      bool
	Deleted       bool
	CreatedAt     time.Time
}

func scanDelivery(r rower) (Delivery, error) {
	var d Delivery
	err := r.Scan(append([]any{&d.ID, &d.PackageID, &d.Direct, &d.RecipientType, &d.Private, &d.Archived, &d.Deleted, &d.CreatedAt},
		d.Recipient.person()...)...)
	return d, err
}

// Deliveries lists the recipients of packages, in the order they were given, keyed by package id.
func (s *Store) Deliveries(ctx context.Context, packageIDs ...int64) (map[int64][]Delivery, error) {
	out := make(map[int64][]Delivery, len(packageIDs))
	if len(packageIDs) == 0 {
		return out, nil
	}
	w := where{}
	whereIn(&w, `d.package_id`, packageIDs)
	list, err := collectInto(ctx, s.db, make([]Delivery, 0, 2*len(packageIDs)), scanDelivery,
		`SELECT d.id, d.package_id, d.direct, d.recipient_type, d.private, d.archived, d.deleted_at IS NOT NULL, d.created_at, `+
			personColumns+` FROM deliveries d JOIN accounts a ON a.id = d.account_id`+w.sql()+` ORDER BY d.id`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	for _, d := range list {
		out[d.PackageID] = append(out[d.PackageID], d)
	}
	return out, nil
}

// HideDelivery removes a package from a recipient's lists; the package stays for everyone else. ErrNotFound for a
// stranger.
func (s *Store) HideDelivery(ctx context.Context, packageID, accountID int64, at time.Time) error {
	return s.changeDelivery(ctx, packageID, accountID, `deleted_at = COALESCE(deleted_at, ?)`, at)
}

// ArchiveDelivery takes a package out of a recipient's inbox, but not out of the inbox with history. ErrNotFound for a
// stranger.
func (s *Store) ArchiveDelivery(ctx context.Context, packageID, accountID int64) error {
	return s.changeDelivery(ctx, packageID, accountID, `archived = TRUE`)
}

// changeDelivery changes the row of a recipient. A member of a group that the package went to has none until then.
func (s *Store) changeDelivery(ctx context.Context, packageID, accountID int64, set string, args ...any) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT IGNORE INTO deliveries (package_id, account_id, direct)
			SELECT k.package_id, m.account_id, FALSE FROM package_groups k JOIN group_members m ON m.group_id = k.group_id
			WHERE k.package_id = ? AND m.account_id = ? AND m.access <> 'submit_only' LIMIT 1`, packageID, accountID); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE deliveries SET `+set+` WHERE package_id = ? AND account_id = ?`,
			append(args, packageID, accountID)...)
		if err == nil {
			err = oneRow(res, "change delivery of package", packageID)
		}
		if err != nil {
			return err
		}
		return noteLists(ctx, tx, packageID)
	})
	if err != nil {
		return fmt.Errorf("change delivery of package %d: %w", packageID, err)
	}
	return nil
}
