package core

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/store"
)

// upkeepInterval is how often upkeep is done. Nothing urgent waits for it.
const upkeepInterval = time.Hour

// keepEvents is how long a page may be away and still be told what it missed.
const keepEvents = time.Hour

// Upkeep forgets events, logins, tokens and failed attempts that have ended, and seals with the current secret what the
// previous one sealed, now and then until ctx ends. Every replica may run it.
func (s *Server) Upkeep(ctx context.Context) {
	tick := time.NewTicker(upkeepInterval)
	defer tick.Stop()
	defer s.events.stop() // so that streams do not keep the server from stopping
	for {
		if err := errors.Join(s.store.PurgeTokens(ctx, s.now()), s.store.PurgeEvents(ctx, s.now().Add(-keepEvents)),
			s.resealNodes(ctx), s.resealMailServer(ctx), s.resealWebhooks(ctx)); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "upkeep failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// resealNodes carries the passwords of nodes over a rotation of the secret.
func (s *Server) resealNodes(ctx context.Context) error {
	all, _, err := s.store.Nodes(ctx, store.NodeFilter{}, everything)
	if err != nil {
		return err
	}
	var problems []error
	for _, n := range all {
		sealed, needed, err := s.dialer.Reseal(n)
		if err == nil && needed {
			err = s.store.ReplaceNodePassword(ctx, n, sealed)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// resealMailServer carries the password of the mail server over a rotation of the secret.
func (s *Server) resealMailServer(ctx context.Context) error {
	server, version, err := mail.ReadServer(ctx, s.store)
	if errors.Is(err, mail.ErrNoServer) {
		return nil
	}
	if err != nil {
		return err
	}
	password, current, err := server.Password(s.ring)
	if err != nil || current {
		return err
	}
	if server.Sealed, err = mail.Seal(s.ring, server.Server, password); err != nil {
		return err
	}
	raw, err := json.Marshal(server)
	if err != nil {
		return err
	}
	return s.store.ReplaceSettings(ctx, mail.NameServer, version, raw)
}
