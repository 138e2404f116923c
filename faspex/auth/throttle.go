package auth

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// After so many failures in a row a name, or an address, has to wait; every further failure doubles the wait.
	accountFailures = 5
	addressFailures = 30
	firstWait       = 30 * time.Second
	longestWait     = 15 * time.Minute
	forgetFailures  = time.Hour
)

// subject is something that logins are counted for.
type subject struct {
	hash  [32]byte
	limit int
}

func subjects(login string, address string) []subject {
	return []subject{
		{hash("account\x00" + strings.ToLower(strings.TrimSpace(login))), accountFailures},
		{hash("address\x00" + address), addressFailures},
	}
}

// blocked gives how long a login must still wait; zero when it may be tried.
func (s *Server) blocked(ctx context.Context, subjects []subject) (time.Duration, error) {
	var wait time.Duration
	for _, sub := range subjects {
		t, err := s.store.LoginThrottle(ctx, sub.hash)
		if err != nil {
			return 0, err
		}
		wait = max(wait, t.BlockedUntil.Sub(s.now()))
	}
	return max(wait, 0), nil
}

func (s *Server) countFailure(ctx context.Context, subjects []subject) error {
	for _, sub := range subjects {
		if err := s.store.FailLogin(ctx, sub.hash, s.now(), forgetFailures, func(n int) time.Duration { return waitAfter(n, sub.limit) }); err != nil {
			return err
		}
	}
	return nil
}

// waitAfter gives the wait after the nth failure in a row.
func waitAfter(n, limit int) time.Duration {
	if n < limit {
		return 0
	}
	wait := firstWait
	for range n - limit {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}

// ClientAddress is the address a login comes from: what the router appended to X-Forwarded-For, else the peer. Core is reached
// through the router only, and the router's entry is the last one, which a client cannot choose.
func ClientAddress(r *http.Request) string {
	if forwarded := r.Header.Values("X-Forwarded-For"); len(forwarded) > 0 {
		hops := strings.Split(forwarded[len(forwarded)-1], ",")
		if ip := net.ParseIP(strings.TrimSpace(hops[len(hops)-1])); ip != nil {
			return ip.String()
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
