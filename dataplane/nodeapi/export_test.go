package nodeapi

import (
	"fmt"
	"sync/atomic"
	"time"
)

// APIErrorOf is the status and the text that an error is answered with.
func APIErrorOf(err error) string {
	e := toAPIError(err)
	return fmt.Sprint(e.status, " ", e.message)
}

// LimitVisits sets how many entries a search visits at most.
func LimitVisits(s *Server, n int) { s.visitLimit.Store(int64(n)) }

// Patterns are those of the router's calls.
func Patterns(s *Server) (patterns []string) {
	for _, r := range s.routes() {
		patterns = append(patterns, r.pattern)
	}
	return patterns
}

// ShortenLeases sets for how long a job is a node's without its word.
func ShortenLeases(s *Server, lease time.Duration) { s.jobs.lease = lease }

// Crashing gives what has the jobs of a server end as if its process were killed.
func Crashing(s *Server) (crash func()) {
	var crashed atomic.Bool
	s.jobs.crashed = crashed.Load
	return func() { crashed.Store(true) }
}
