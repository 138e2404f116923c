package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// JobCount is how the jobs of one type stand.
type JobCount struct {
	Type string
	// Total counts the jobs that are not done.
	Total int
	// Processing ones run, Stalled ones ran when their worker was lost, Backlogged ones were due long ago.
	Processing, Stalled, Backlogged int
	// Pending ones wait, those among them that are not due yet as well; Failed ones are given up.
	Pending, Failed int
	// Oldest is when the one was due that waits longest; null when none is.
	Oldest sql.NullTime
}

// CountJobs tells how background work stands. late is how long after its time a job counts as backlogged.
func (s *Store) CountJobs(ctx context.Context, now time.Time, late time.Duration) ([]JobCount, error) {
	list, err := collect(ctx, s.db, scanJobCount, `SELECT job_type,
			SUM(status <> 'completed'),
			SUM(status = 'working' AND claimed_until >= ?),
			SUM(status = 'working' AND claimed_until < ?),
			SUM(status = 'queued' AND next_availability < ?),
			SUM(status = 'queued'),
			SUM(status = 'failed'),
			MIN(CASE WHEN status = 'queued' AND next_availability < ? THEN next_availability END)
		FROM jobs GROUP BY job_type ORDER BY job_type`, now, now, now.Add(-late), now.Add(-late))
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return list, nil
}

func scanJobCount(r rower) (JobCount, error) {
	var c JobCount
	err := r.Scan(&c.Type, &c.Total, &c.Processing, &c.Stalled, &c.Backlogged, &c.Pending, &c.Failed, &c.Oldest)
	return c, err
}
