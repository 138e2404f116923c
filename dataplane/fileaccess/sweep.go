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
	// sweepTime is how long ids are looked at each time: what a million files leave behind is gone within hours.
	sweepTime = 3 * time.Second
	// sweepBatch is how many ids are looked at in one go.
	sweepBatch = 1000
)

// Sweep forgets the ids of files that are gone, until ctx ends: it looks at some of them each minute.
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
		for began := time.Now(); time.Since(began) < sweepTime; {
			var err error
			if last, err = f.SweepFrom(ctx, last); err != nil && ctx.Err() == nil {
				log.Error("sweep file ids", "error", err)
			}
			if err != nil || last == 0 {
				break
			}
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
	folders := map[uint64]sweptFolder{}
	for _, o := range objects {
		folder, ok := folders[o.Parent]
		if !ok {
			if folder, err = f.sweptFolder(ctx, o.Parent); err != nil {
				return last, err
			}
			folders[o.Parent] = folder
		}
		if folder.there && f.missing(folder.path, o) {
			forget = append(forget, o.ID)
		}
	}
	return objects[len(objects)-1].ID, f.store.RemoveObjects(ctx, forget)
}

// sweptFolder is the folder of objects that are looked at.
type sweptFolder struct {
	path string
	// there says that it is where it was last seen, so that what is not in it is gone: a storage that is not mounted has
	// not lost its files.
	there bool
}

func (f *Files) sweptFolder(ctx context.Context, id uint64) (sweptFolder, error) {
	way, err := f.store.ObjectWay(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return sweptFolder{}, nil // SweepObjects forgets what is in it.
	}
	if err != nil || len(way) == 1 { // Storages are mounted at the top.
		return sweptFolder{}, err
	}
	p := pathOf(way)
	there, err := f.holds(p, way[len(way)-1])
	return sweptFolder{p, err == nil && there}, nil
}

// missing reports that an object is not in its folder, which is there.
func (f *Files) missing(folder string, o store.Object) bool {
	_, seen, err := f.identify(path.Join(folder, o.Name))
	if err == nil {
		return !o.Same(object(seen))
	}
	return gone(err) // Else it can't be looked at now.
}

func notFolder(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrInvalid)
}
