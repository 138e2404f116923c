package core

import (
	"context"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/store"
)

// withdrawUnlessAllowed has the specs be withdrawn that an account was given for what it may do no more.
func (s *Server) withdrawUnlessAllowed(ctx context.Context, a store.Account) error {
	active := a.Status == store.AccountActive
	switch {
	case !active, !a.UploadsAllowed && !a.DownloadsAllowed:
		return s.withdraw(ctx, a.ID, "")
	case !a.UploadsAllowed:
		return s.withdraw(ctx, a.ID, string(transferspec.Send))
	case !a.DownloadsAllowed:
		return s.withdraw(ctx, a.ID, string(transferspec.Receive))
	}
	return nil
}

// withdraw queues a job for the service: a node that is away keeps nobody from deactivating an account.
func (s *Server) withdraw(ctx context.Context, account int64, direction string) error {
	return s.store.QueueWithdrawal(ctx, store.Withdrawal{AccountID: text(account), Direction: direction, Queued: s.now()})
}
