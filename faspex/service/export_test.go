package service

import (
	"context"

	"faspex.io/operator/faspex/store"
)

// RunDispatch makes jobs of the outbox, and runs none.
func (w *Worker) RunDispatch(ctx context.Context) error { return w.dispatch(ctx, store.Job{}) }

// RunMail runs a job as far as ctx lets it, and does not finish it.
func (w *Worker) RunMail(ctx context.Context, job store.Job) error { return w.sendMail(ctx, job) }
