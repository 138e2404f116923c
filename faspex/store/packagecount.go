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
// does not count a million rows. It stays true until records of packages are purged: then it begins anew.
type packageCount struct {
	mu     sync.Mutex
	upTo   int64
	n      int
	purged int64 // how many records were purged when it began
}

// countPackages counts all packages.
func (s *Store) countPackages(ctx context.Context) (int, error) {
	c := &s.packages
	c.mu.Lock()
	defer c.mu.Unlock()
	var purged int64
	if err := s.db.QueryRowContext(ctx, `SELECT purged FROM installation LIMIT 1`).Scan(&purged); err != nil {
		return 0, fmt.Errorf("count purged packages: %w", err)
	}
	if purged != c.purged {
		c.upTo, c.n, c.purged = 0, 0, purged
	}
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
