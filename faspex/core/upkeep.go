package core

import (
	"context"
	"time"
)

// upkeepInterval is how often ended logins are forgotten. Nothing depends on it but the size of some tables.
const upkeepInterval = time.Hour

// Upkeep forgets logins, tokens and failed attempts that have ended, now and then until ctx ends. Every replica may run it.
func (s *Server) Upkeep(ctx context.Context) {
	tick := time.NewTicker(upkeepInterval)
	defer tick.Stop()
	for {
		if err := s.store.PurgeTokens(ctx, s.now()); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "upkeep failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
