package store

import (
	"context"
	"fmt"
	"time"
)

// Delivery is one recipient of a package and what they did with it.
type Delivery struct {
	ID            int64
	PackageID     int64
	Recipient     Account // as others see it: personColumns
	RecipientType string  // user
	Private       bool    // seen by the sender only
	Archived      bool
	Deleted       bool
	CreatedAt     time.Time
}

func scanDelivery(r rower) (Delivery, error) {
	var d Delivery
	err := r.Scan(append([]any{&d.ID, &d.PackageID, &d.RecipientType, &d.Private, &d.Archived, &d.Deleted, &d.CreatedAt},
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
		`SELECT d.id, d.package_id, d.recipient_type, d.private, d.archived, d.deleted_at IS NOT NULL, d.created_at, `+
			personColumns+` FROM deliveries d JOIN accounts a ON a.id = d.account_id`+w.sql()+` ORDER BY d.id`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	for _, d := range list {
		out[d.PackageID] = append(out[d.PackageID], d)
	}
	return out, nil
}

// HideDelivery removes a package from a recipient's lists; the package stays for everyone
// else. ErrNotFound for a stranger.
func (s *Store) HideDelivery(ctx context.Context, packageID, accountID int64, at time.Time) error {
	found, err := s.changePackage(ctx, packageID, noteLists,
		`UPDATE deliveries SET deleted_at = COALESCE(deleted_at, ?) WHERE package_id = ? AND account_id = ?`,
		at, packageID, accountID)
	if err == nil && !found {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("hide delivery of package %d: %w", packageID, err)
	}
	return nil
}

// ArchiveDelivery takes a package out of a recipient's inbox, but not out of the inbox with history.
func (s *Store) ArchiveDelivery(ctx context.Context, packageID, accountID int64) error {
	if _, err := s.changePackage(ctx, packageID, noteLists,
		`UPDATE deliveries SET archived = TRUE WHERE package_id = ? AND account_id = ?`, packageID, accountID); err != nil {
		return fmt.Errorf("archive delivery of package %d: %w", packageID, err)
	}
	return nil
}
