package store

import (
	"context"
	"fmt"
	"sync"
)

const (
	// unsettled is how many of the newest ids are counted each time: a package whose
	// transaction is not done has one of them.
	unsettled = 1000
	// recountAfter is after how many more ids the settled ones are counted on.
	recountAfter = 20 * unsettled
)

// packageCount remembers how many packages there are up to an id, so that a list of everyone's packages
// does not count a million rows. It stays true because no statement deletes packages: those that are gone
// keep their rows, in state deleted.
type packageCount struct {
	mu   sync.Mutex
	upTo int64
	n    int
}

// countPackages counts all packages.
func (s *Store) countPackages(ctx context.Context) (int, error) {
	c := &s.packages
	c.mu.Lock()
	defer c.mu.Unlock()
	var newest int64
	var more int
	if err := s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0), COUNT(*) FROM packages WHERE id > ?`,
		c.upTo).Scan(&newest, &more); err != nil {
		return 0, fmt.Errorf("count packages: %w", err)
	}
	total := c.n + more
	if newest-c.upTo < recountAfter {
		return total, nil
	}
	upTo := newest - unsettled
	var settled int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM packages WHERE id > ? AND id <= ?`, c.upTo,
		upTo).Scan(&settled); err != nil {
		return 0, fmt.Errorf("count packages: %w", err)
	}
	c.n, c.upTo = c.n+settled, upTo
	return total, nil
}
