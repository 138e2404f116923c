package nodetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"faspex.io/operator/dataplane/record"
)

// Session is what was recorded of a session.
type Session struct {
	Transfer record.Transfer

	mu       sync.Mutex
	progress record.Progress
	outcome  *record.Outcome
	canceled chan struct{}
	ended    chan struct{}
}

// Recorder keeps in memory what a node records of its sessions.
type Recorder struct {
	mu       sync.Mutex
	sessions []*Session
}

// Begin implements record.Recorder.
func (r *Recorder) Begin(_ context.Context, t record.Transfer) (record.Recording, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &Session{Transfer: t, canceled: make(chan struct{}), ended: make(chan struct{})}
	r.sessions = append(r.sessions, s)
	return s, nil
}

// Sessions are those that have begun so far.
func (r *Recorder) Sessions() []*Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*Session(nil), r.sessions...)
}

// Last is the session that began last.
func (r *Recorder) Last(t testing.TB) *Session {
	t.Helper()
	all := r.Sessions()
	if len(all) == 0 {
		t.Fatal("no session has begun")
	}
	return all[len(all)-1]
}

// Progress implements record.Recording.
func (s *Session) Progress(p record.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = p
}

// File implements record.Recording.
func (s *Session) File(record.FileResult) {}

// Finish implements record.Recording.
func (s *Session) Finish(o record.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outcome == nil {
		s.outcome = &o
		close(s.ended)
	}
}

// Canceled implements record.Recording.
func (s *Session) Canceled() <-chan struct{} { return s.canceled }

// Written implements record.Recording.
func (s *Session) Written() <-chan struct{} { return s.ended }

// RateChanges implements record.Recording.
func (s *Session) RateChanges() <-chan record.RateChange { return nil }

// Cancel ends the session as the Node API does when its token is withdrawn.
func (s *Session) Cancel() { close(s.canceled) }

// Ended waits for the end of the session and gives its figures.
func (s *Session) Ended(t testing.TB) (record.Outcome, record.Progress) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		t.Fatal("the session does not end")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.outcome, s.progress
}
