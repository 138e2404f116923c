package transfer

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// claims see to it that one session at a time writes a file of this node. A retry of a transfer takes over from the
// session that it replaces, which may not have noticed yet that its client is gone.
type claims struct {
	mu       sync.Mutex
	held     map[string][]claim // by file
	sessions uint64             // how many claimants there were
}

// claim is of a file, or of a part of it: "2-3" is the second of three, "" all of it.
type claim struct {
	part string
	by   *claimant
}

// claimant is a session that writes files.
type claimant struct {
	transfer string
	number   uint64 // a later session of a transfer has a greater one
	cancel   context.CancelCauseFunc
	ended    chan struct{}
}

// enter makes the claimant of a session.
func (s *claims) enter(transfer string, cancel context.CancelCauseFunc) *claimant {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	return &claimant{transfer: transfer, number: s.sessions, cancel: cancel, ended: make(chan struct{})}
}

// takeover is how long a session waits for the one that it replaces.
const takeover = 10 * time.Second

// errReplaced is the cause of a session whose transfer was begun anew.
var errReplaced = &fail.Error{Code: fail.PeerAborted, Text: "the transfer was begun again by another session"}

// take claims the file p, a path beneath the storage root, or a part of it for c.
func (s *claims) take(ctx context.Context, p, part string, c *claimant) *fail.Error {
	for {
		s.mu.Lock()
		if s.isForm(p, c) {
			s.mu.Unlock()
			return fail.New(fail.AlreadyExists,
				"another session is writing a file whose unfinished form has this name, or the other way round")
		}
		holder := s.holder(p, part, c)
		if holder == nil {
			if s.held == nil {
				s.held = map[string][]claim{}
			}
			if mine := (claim{part, c}); !slices.Contains(s.held[p], mine) {
				s.held[p] = append(s.held[p], mine)
			}
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		if holder.transfer != c.transfer {
			return fail.New(fail.AlreadyExists, "another transfer is writing this file")
		}
		// The newest session is the one that somebody waits for. An older one that waited for a still older one to end
		// must not take the file from it.
		if holder.number > c.number {
			c.cancel(errReplaced)
			return errReplaced
		}
		holder.cancel(errReplaced)
		select {
		case <-holder.ended:
		case <-ctx.Done():
			return failureOf(context.Cause(ctx), fail.Internal)
		case <-time.After(takeover):
			return fail.New(fail.AlreadyExists, "an earlier session of the transfer is still writing this file")
		}
	}
}

// holder is another session than c that writes the file p so that nobody else may write the part; nil for none. What
// goes together are the parts of one division.
func (s *claims) holder(p, part string, c *claimant) *claimant {
	for _, other := range s.held[p] {
		if other.by != c && (part == other.part || division(part) != division(other.part)) {
			return other.by
		}
	}
	return nil
}

// division is the number of parts that a part is one of, empty for a whole file.
func division(part string) string {
	_, count, _ := strings.Cut(part, "-")
	return count
}

// isForm says that p is a name of an unfinished file that another session than c writes, or that one of the names of p
// while it is unfinished is a file that another session writes.
func (s *claims) isForm(p string, c *claimant) bool {
	for _, name := range slices.Concat(unfinished.Bases(p), unfinished.NamesOf(p)) {
		if slices.ContainsFunc(s.held[name], func(other claim) bool { return other.by != c }) {
			return true
		}
	}
	return false
}

// drop gives up the file p, or a part of it, of c.
func (s *claims) drop(p, part string, c *claimant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(p, func(held claim) bool { return held == claim{part, c} })
}

func (s *claims) forget(p string, which func(claim) bool) {
	rest := slices.DeleteFunc(s.held[p], which)
	if len(rest) == 0 {
		delete(s.held, p)
		return
	}
	s.held[p] = rest
}

// release gives up all files of c.
func (s *claims) release(c *claimant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.held {
		s.forget(p, func(held claim) bool { return held.by == c })
	}
	close(c.ended)
}
