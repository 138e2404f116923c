package fileaccess

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path"
	"syscall"
	"time"

	"faspex.io/operator/dataplane/store"
)

const (
	sweepInterval = time.Minute
	// sweepBatch is how many ids are looked at in one go.
	sweepBatch = 500
)

// Sweep forgets the ids of files that are gone, until ctx ends: a part of them a minute.
func (f *Files) Sweep(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	var last uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var err error
		if last, err = f.SweepFrom(ctx, last); err != nil && ctx.Err() == nil {
			log.Error("sweep file ids", "error", err)
		}
	}
}

// SweepFrom looks at the ids that follow last, and gives the last of them, or 0 when none follow. It forgets
// all that have no way to the top.
func (f *Files) SweepFrom(ctx context.Context, last uint64) (uint64, error) {
	for more := true; more; {
		var err error
		if more, err = f.store.SweepObjects(ctx); err != nil {
			return last, err
		}
	}
	objects, err := f.store.ObjectsAfter(ctx, last, sweepBatch)
	if err != nil {
		return last, err
	}
	if len(objects) == 0 {
		return 0, nil
	}
	var forget []uint64
	for _, o := range objects {
		missing, err := f.missing(ctx, o)
		if err != nil {
			return last, err
		}
		if missing {
			forget = append(forget, o.ID)
		}
	}
	return objects[len(objects)-1].ID, f.store.RemoveObjects(ctx, forget)
}

// missing reports that an object is not in its folder, which is there: a storage that is not
// mounted has not lost its files.
func (f *Files) missing(ctx context.Context, o store.Object) (bool, error) {
	way, err := f.store.ObjectWay(ctx, o.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil // SweepObjects forgets it.
	}
	if err != nil {
		return false, err
	}
	p := pathOf(way)
	_, seen, err := f.identify(p)
	switch {
	case err == nil && o.Same(object(seen)):
		return false, nil
	case err != nil && !gone(err):
		return false, nil // It can't be looked at now.
	case len(way) == 2:
		return false, nil // Storages are mounted at the top.
	}
	there, err := f.holds(path.Dir(p), way[len(way)-2])
	return err == nil && there, nil
}

func notFolder(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrInvalid)
}
