package auth

import (
	"context"

	"faspex.io/operator/faspex/store"
)

// note keeps an event of an account, 0 for none that is known. Nothing that was typed is kept: it may be a password.
func (s *Server) note(ctx context.Context, kind string, account int64, from, client string) error {
	return s.store.AddApplicationEvent(ctx, store.ApplicationEvent{Type: kind, Application: "faspex", AccountID: account,
		Address: from, ClientID: client, CreatedAt: s.now()})
}

// NotePassword keeps the event that an account got another password.
func (s *Server) NotePassword(ctx context.Context, account int64, from string) error {
	return s.note(ctx, store.PasswordChange, account, from, "")
}
