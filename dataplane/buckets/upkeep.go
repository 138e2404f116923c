package buckets

import (
	"context"
	"time"

	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
)

const (
	upkeepInterval = 5 * time.Minute
	// abortedAtOnce is how many uploads of a storage are aborted in one go.
	abortedAtOnce = 100
)

// Keep aborts uploads that nobody goes on with, and forgets storages that are unused, until ctx ends.
func (b *Buckets) Keep(ctx context.Context) {
	tick := time.NewTicker(upkeepInterval)
	defer tick.Stop()
	for {
		if err := b.Tidy(ctx); err != nil && ctx.Err() == nil {
			b.Logger.Error("look after object storages", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Tidy does once what Keep does. A storage that can't be reached keeps nothing of the others.
func (b *Buckets) Tidy(ctx context.Context) error {
	all, err := b.Store.ObjectStorages(ctx)
	if err != nil {
		return err
	}
	unused, err := b.Store.UnusedObjectStorages(ctx)
	if err != nil {
		return err
	}
	ended := map[string]bool{}
	for _, id := range unused {
		ended[id] = true
	}
	for _, row := range all {
		b.sealAnew(ctx, row)
		idle := b.KeepUploads
		if ended[row.ID] {
			idle = 0
		}
		if err := b.abortAbandoned(ctx, row.ID, idle); err != nil {
			b.Logger.Warn("uploads that nobody goes on with can't be aborted", "storage", row.ID, "error", err)
			continue
		}
		if ended[row.ID] {
			if err := b.Store.RemoveUnusedObjectStorage(ctx, row.ID); err != nil {
				return err
			}
			b.mu.Lock()
			delete(b.open, row.ID)
			b.mu.Unlock()
		}
	}
	return nil
}

func (b *Buckets) abortAbandoned(ctx context.Context, id string, idle time.Duration) error {
	uploads := store.Uploads{Store: b.Store}
	for {
		some, err := uploads.Abandoned(ctx, id, idle, abortedAtOnce)
		if err != nil || len(some) == 0 {
			return err
		}
		t, err := b.Tree(ctx, storage.Objects+"/"+id)
		if err != nil {
			return err
		}
		for _, u := range some {
			if err := t.Abort(u); err != nil {
				return err
			}
			b.Logger.Info("an upload that nobody went on with is aborted", "storage", id, "size", u.Size)
		}
	}
}

// sealAnew has the credentials of a storage sealed with the active key.
func (b *Buckets) sealAnew(ctx context.Context, row store.ObjectStorage) {
	sealed, err := b.Keys.SealedAnew(purpose(row.ID), row.Secrets)
	if err != nil || sealed == nil {
		return // Ones that can't be opened are told of when they are needed.
	}
	row.Secrets = sealed
	if err := b.Store.UpdateObjectStorage(ctx, row); err != nil {
		b.Logger.Warn("credentials of an object storage can't be sealed anew", "storage", row.ID, "error", err)
	}
}

// Change gives a storage other settings and credentials. Transfers that run have the credentials within half a minute.
func (b *Buckets) Change(ctx context.Context, id string, s objectstore.Settings, c objectstore.Credentials) error {
	row, err := b.Store.ObjectStorage(ctx, id)
	if err != nil {
		return err
	}
	sealed, err := b.sealAs(id, s, c)
	if err != nil {
		return err
	}
	sealed.Version = row.Version
	if err := b.Store.UpdateObjectStorage(ctx, sealed); err != nil {
		return err
	}
	b.mu.Lock()
	was := b.open[id].bucket
	b.mu.Unlock()
	if was != nil {
		was.Renew() // For transfers that run here. Other nodes ask by themselves.
	}
	return nil
}
