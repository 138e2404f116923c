package transfer

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/transfer/fail"
)

const (
	// claimFrom is the size of files that are claimed among nodes. A smaller one is written in no time: what two nodes
	// write at once is whole, and one of them wins.
	claimFrom = 1<<20 + 1
	// claimLimit is how long a question to the other nodes may take, and claimPause how long none is asked after one that
	// nobody answered: sessions go on without.
	claimLimit = 2 * time.Second
	claimPause = 10 * time.Second
	claimRetry = 250 * time.Millisecond
	// claimWait is how long a session waits for a file that another has: longer than a claim outlives its node.
	claimWait = 30 * time.Second
)

// sharedClaims asks the other nodes, as long as they can be asked.
type sharedClaims struct {
	claims record.Claims // nil if there are no other nodes
	log    *slog.Logger

	mu    sync.Mutex
	until time.Time // nobody is asked before
}

// take claims a file of a size among nodes for a session, whose claimant ends when its transfer was begun again.
func (s *sharedClaims) take(ctx context.Context, c record.Claim, size int64, by *claimant) *fail.Error {
	if s.claims == nil || size < claimFrom {
		return nil
	}
	var first *record.Claimed
	for end := time.Now().Add(claimWait); ; {
		err := s.ask(ctx, func(ctx context.Context) error { return s.claims.Claim(ctx, c) })
		var held *record.Claimed
		switch {
		case errors.Is(err, record.ErrReplaced):
			by.cancel(errReplaced)
			return errReplaced
		case errors.As(err, &held) && (first == nil || held.Heard.Equal(first.Heard)) && time.Now().Before(end):
			first = held // Who is not heard of again was at a node that is gone.
		case errors.Is(err, record.ErrClaimPassing) && time.Now().Before(end):
		case errors.Is(err, record.ErrClaimed), errors.Is(err, record.ErrClaimPassing):
			return fail.New(fail.AlreadyExists, "%w, at another node", err)
		default:
			return nil
		}
		select {
		case <-ctx.Done():
			return failureOf(context.Cause(ctx), fail.Internal)
		case <-time.After(claimRetry):
		}
	}
}

// drop gives up what take claimed. A claim that can't be given up now ends with its session.
func (s *sharedClaims) drop(ctx context.Context, c record.Claim, size int64) {
	if s.claims == nil || size < claimFrom {
		return
	}
	// What it fails with is said by ask.
	_ = s.ask(context.WithoutCancel(ctx), func(ctx context.Context) error { return s.claims.Release(ctx, c) })
}

// ask asks unless nobody answered a moment ago.
func (s *sharedClaims) ask(ctx context.Context, question func(context.Context) error) error {
	s.mu.Lock()
	silent := time.Now().Before(s.until)
	s.mu.Unlock()
	if silent {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, claimLimit)
	defer cancel()
	err := question(limited)
	answered := err == nil || errors.Is(err, record.ErrClaimed) || errors.Is(err, record.ErrClaimPassing) ||
		errors.Is(err, record.ErrReplaced)
	if !answered && ctx.Err() == nil {
		s.log.Warn("files can't be claimed among the nodes, sessions go on without", "error", err)
		s.mu.Lock()
		s.until = time.Now().Add(claimPause)
		s.mu.Unlock()
	}
	return err
}
