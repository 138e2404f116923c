package core

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"faspex.io/operator/faspex/settings"
)

const (
	// limitsAge is how long the settings of limits are believed: a change reaches every replica within it.
	limitsAge = 2 * time.Second
	// limitersAtMost bounds what is remembered; beyond it, accounts that did not call lately are forgotten.
	limitersAtMost = 10_000
)

// limiter bounds the requests of each account to so many a second, at this replica.
type limiter struct {
	source settings.Source
	now    func() time.Time

	mu       sync.Mutex
	limits   settings.RateLimits
	read     time.Time
	accounts map[int64]*rate.Limiter
}

func newLimiter(source settings.Source, now func() time.Time) *limiter {
	return &limiter{source: source, now: now, accounts: map[int64]*rate.Limiter{}}
}

// allow reports whether an account may call now. What cannot be read limits nobody.
func (l *limiter) allow(ctx context.Context, account int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.read.IsZero() || now.Sub(l.read) >= limitsAge {
		l.read = now
		if limits, _, _, err := settings.Read(ctx, l.source, settings.NameRateLimits,
			settings.DefaultRateLimits()); err == nil {
			l.limits = limits
		}
	}
	if !l.limits.ThrottleEnabled {
		clear(l.accounts)
		return true
	}
	if len(l.accounts) >= limitersAtMost {
		for id, known := range l.accounts {
			if known.TokensAt(now) >= float64(known.Burst()) {
				delete(l.accounts, id)
			}
		}
	}
	known := l.accounts[account]
	if known == nil {
		known = rate.NewLimiter(rate.Limit(l.limits.ThrottleLimitRPS), l.limits.ThrottleLimitRPS)
		l.accounts[account] = known
	}
	if limit := l.limits.ThrottleLimitRPS; known.Burst() != limit {
		known.SetLimitAt(now, rate.Limit(limit))
		known.SetBurstAt(now, limit)
	}
	return known.AllowN(now, 1)
}
