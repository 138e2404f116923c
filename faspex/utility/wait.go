// Package utility is the Faspex Utility: it brings the database's schema to the version of this program,
// makes what a new Faspex needs, and shows both to administrators on a page of its own. It knows nothing
// of packages and their transfers.
package utility

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Wait bounds the waiting for a database.
type Wait struct {
	// Limit is how long to try in all.
	Limit time.Duration
	// First is the pause after the first failure; it doubles up to Longest.
	First, Longest time.Duration
}

// DefaultWait lets a database start that is created together with the job.
var DefaultWait = Wait{Limit: 5 * time.Minute, First: 500 * time.Millisecond, Longest: 10 * time.Second}

// until calls try until it succeeds, the limit is over, or ctx ends; it logs each failure.
func (w Wait) until(ctx context.Context, log *slog.Logger, what string, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, w.Limit)
	defer cancel()
	pause := w.First
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		if err == nil {
			return nil
		}
		log.Info("waiting", "for", what, "attempt", attempt, "error", err.Error(), "next", pause.String())
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s not ready after %d attempts: %w", what, attempt, err)
		case <-time.After(pause):
		}
		pause = min(2*pause, w.Longest)
	}
}
