package auth

import (
	"context"
	"strings"
	"time"

	"faspex.io/operator/faspex/passwords"
	"faspex.io/operator/faspex/settings"
)

// Configuration is the server's configuration as it is now.
func (s *Server) Configuration(ctx context.Context) (settings.Configuration, error) {
	return settings.ReadConfiguration(ctx, s.store)
}

// PasswordRule is what new passwords have to be like.
func (s *Server) PasswordRule(ctx context.Context) (passwords.Rule, error) {
	c, err := s.Configuration(ctx)
	return c.PasswordRule(), err
}

// idle is how long a session may be silent. Calls of the API and renewed tokens are its use.
func idle(c settings.Configuration) time.Duration {
	return time.Duration(c.SessionTimeoutMinutes) * time.Minute
}

// renewSession notes the use of a session that is still good; false for one that was silent for too long.
func (s *Server) renewSession(ctx context.Context, login string, now time.Time) (alive bool, err error) {
	c, err := s.Configuration(ctx)
	if err != nil {
		return false, err
	}
	return s.store.RenewSession(ctx, login, now, now.Add(-idle(c)))
}

// fullStop ends what an error says with a full stop.
func fullStop(err error) string { return strings.TrimSuffix(err.Error(), ".") + "." }
