package auth

import (
	"context"
	"errors"
	"time"

	"faspex.io/operator/faspex/store"
)

// lockAfterFailures locks an account, 0 for none, after user_deactivation_login_count failed logins within
// user_deactivation_login_interval_minutes. A lock keeps the password from opening the account in browsers that the
// account does not know; what is open stays open, so that a stranger can throw nobody out. Those who do not know the
// password are not told (TestLockout).
func (s *Server) lockAfterFailures(ctx context.Context, account int64) error {
	if account == 0 {
		return nil
	}
	c, err := s.Configuration(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	since := now.Add(-time.Duration(c.UserDeactivationLoginIntervalMinutes) * time.Minute)
	locked, err := s.store.LockAfterFailures(ctx, account, c.UserDeactivationLoginCount, since, now)
	if locked {
		s.log.InfoContext(ctx, "account locked after failed logins", "account", account)
	}
	return err
}

// LiftLock unlocks an account and gives it its tries back: somebody who may says so.
func (s *Server) LiftLock(ctx context.Context, account int64) error {
	return LiftLock(ctx, s.store, account, s.now())
}

// LiftLock is Server.LiftLock for parts without a server.
func LiftLock(ctx context.Context, s *store.Store, account int64, now time.Time) error {
	return errors.Join(giveTries(ctx, s, account), s.Unlock(ctx, account, now))
}

// PasswordReset gives an account its tries back, since it has another password, and unlocks it where allow_self_unlock
// says so.
func (s *Server) PasswordReset(ctx context.Context, account int64) error {
	c, err := s.Configuration(ctx)
	if err != nil {
		return err
	}
	if c.AllowSelfUnlock {
		return s.LiftLock(ctx, account)
	}
	return errors.Join(giveTries(ctx, s.store, account), s.store.ForgetFailures(ctx, account, s.now()))
}

func giveTries(ctx context.Context, s *store.Store, account int64) error {
	return errors.Join(s.ClearThrottle(ctx, ofAccount(account)), s.ClearThrottle(ctx, ofOwner(account)))
}
