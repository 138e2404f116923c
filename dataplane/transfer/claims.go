package transfer

import (
	"context"
	"sync"
	"time"
)

// claims see to it that one session at a time writes a file of this node. A retry of a transfer takes over from the session
// that it replaces, which may not have noticed yet that its client is gone.
type claims struct {
	mu   sync.Mutex
	held map[string]*claimant
}

// claimant is a session that writes files.
type claimant struct {
	transfer string
	cancel   context.CancelCauseFunc
	ended    chan struct{}
}

// takeover is how long a session waits for the one that it replaces.
const takeover = 10 * time.Second

// errReplaced is the cause of a session whose transfer was begun anew.
var errReplaced = &Error{Code: CodePeerAborted, Text: "the transfer was begun again by another session"}

// take claims the file p, a path beneath the storage root, for c.
func (s *claims) take(ctx context.Context, p string, c *claimant) *Error {
	for {
		s.mu.Lock()
		holder := s.held[p]
		if holder == nil || holder == c {
			if s.held == nil {
				s.held = map[string]*claimant{}
			}
			s.held[p] = c
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		if holder.transfer != c.transfer {
			return Errorf(CodeAlreadyExists, "another transfer is writing this file")
		}
		holder.cancel(errReplaced)
		select {
		case <-holder.ended:
		case <-ctx.Done():
			return AsError(context.Cause(ctx), CodeInternal)
		case <-time.After(takeover):
			return Errorf(CodeAlreadyExists, "an earlier session of the transfer is still writing this file")
		}
	}
}

// drop gives up the file p of c.
func (s *claims) drop(p string, c *claimant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[p] == c {
		delete(s.held, p)
	}
}

// release gives up all files of c.
func (s *claims) release(c *claimant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, holder := range s.held {
		if holder == c {
			delete(s.held, p)
		}
	}
	close(c.ended)
}
