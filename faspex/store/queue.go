package store

import (
	"context"
	"fmt"
	"time"

	"faspex.io/operator/faspex/packages"
)

// The queries of the background jobs. Each lists packages by id, those after a given id first, so that a job gets past
// packages it can do nothing for.

// PackagesAfter lists packages in some states: at most limit, with ids above after.
func (s *Store) PackagesAfter(ctx context.Context, states []packages.State, after int64, limit int) ([]Package, error) {
	w := where{}
	whereIn(&w, `p.state`, states)
	return s.queued(ctx, w, after, limit)
}

// Releasable lists packages that are on their way to be released or may begin it at a time: the upload is complete, and
// the policy is now or the date has come.
func (s *Store) Releasable(ctx context.Context, now time.Time, after int64, limit int) ([]Package, error) {
	w := where{}
	w.and(`((p.state = 'held' AND p.upload_status = 'completed'
			AND (p.release_policy = 'now' OR (p.release_policy = 'on_date' AND p.release_date <= ?)))
		OR p.state IN ('transient_held_to_released_start', 'transient_held_to_released_routing_packages', 'transient_held_to_released_finish'))`, now)
	return s.queued(ctx, w, after, limit)
}

// Expirable lists packages whose time is over: their date has passed, also while they wait for their release (faspex-S9),
// or they are released and are to go after downloads, and those who count have all of it and nobody is receiving it. Any recipient counts, also of a package that was forwarded
// with the content; or all of the package's own, with every member of its groups.
func (s *Store) Expirable(ctx context.Context, now time.Time, after int64, limit int) ([]Package, error) {
	const (
		shared = `SELECT 1 FROM packages q JOIN transfers t ON t.package_id = q.id AND t.direction = 'receive'
			WHERE q.content_id = p.content_id`
		whole    = ` AND t.status = 'completed' AND t.whole_package AND t.side <> 'sent'`
		received = `SELECT 1 FROM transfers t WHERE t.package_id = p.id AND t.direction = 'receive'` + whole
		members  = `package_groups k JOIN group_members m ON m.group_id = k.group_id AND m.access <> 'submit_only'`
	)
	w := where{}
	w.and(`((p.state = 'held' AND p.upload_status = 'completed' AND p.expiration_date <= ?)
		OR p.state = 'released' AND (p.expiration_date <= ?
		OR (p.expiration_policy IN ('delete_after_any_download', 'delete_after_all_download')
			AND NOT EXISTS (`+shared+` AND t.status IN ('running', 'waiting', 'paused'))
			AND EXISTS (`+shared+whole+` AND (
				t.account_id IN (SELECT d.account_id FROM deliveries d WHERE d.package_id = q.id AND d.direct)
				OR t.account_id IN (SELECT m.account_id FROM `+members+` WHERE k.package_id = q.id)))
			AND (p.expiration_policy = 'delete_after_any_download' OR (
				NOT EXISTS (SELECT 1 FROM deliveries d JOIN accounts a ON a.id = d.account_id AND a.deleted_at IS NULL
					WHERE d.package_id = p.id AND d.direct AND d.deleted_at IS NULL
					AND NOT EXISTS (`+received+` AND t.account_id = d.account_id))
				AND NOT EXISTS (SELECT 1 FROM `+members+` WHERE k.package_id = p.id
					AND NOT EXISTS (`+received+` AND t.account_id = m.account_id)))))))`, now, now)
	return s.queued(ctx, w, after, limit)
}

// SilentUploads lists packages whose upload is under way but of which nothing was heard since a time.
func (s *Store) SilentUploads(ctx context.Context, since time.Time, after int64, limit int) ([]Package, error) {
	w := where{}
	w.and(`p.state = 'held' AND p.upload_status IN ('queued', 'transferring') AND p.updated_at < ?`, since)
	return s.queued(ctx, w, after, limit)
}

func (s *Store) queued(ctx context.Context, w where, after int64, limit int) ([]Package, error) {
	w.and(`p.id > ?`, after)
	list, err := collect(ctx, s.db, scanPackage, `SELECT `+packageColumns+`, `+personColumns+packageFrom+w.sql()+
		` ORDER BY p.id LIMIT ?`, append(w.args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list packages for a job: %w", err)
	}
	return list, nil
}

// SetContents notes how much a package holds, as its node counts it.
func (s *Store) SetContents(ctx context.Context, id, bytes, files int64) error {
	if _, err := s.changePackage(ctx, id, noteLists, `UPDATE packages SET total_bytes = ?, total_files = ? WHERE id = ?`,
		bytes, files, id); err != nil {
		return fmt.Errorf("note contents of package %d: %w", id, err)
	}
	return nil
}

// ExpireAt gives a package an end unless it has one.
func (s *Store) ExpireAt(ctx context.Context, id int64, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE packages SET expiration_date = ? WHERE id = ? AND expiration_date IS NULL`,
		at, id); err != nil {
		return fmt.Errorf("give package %d an end: %w", id, err)
	}
	return nil
}

// DeleteJob removes a job, for example because what it works on is gone.
func (s *Store) DeleteJob(ctx context.Context, id int64) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM jobs WHERE id = ?`, id); err != nil {
		return fmt.Errorf("delete job %d: %w", id, err)
	}
	return nil
}
