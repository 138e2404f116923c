package nodeapi

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// deleteTree removes the folder of a job, wherever it is by now. It works beneath a handle on the folder, so that a
// rename leads it to nothing else, and what a node before it has removed is not missed.
func (r *jobRunner) deleteTree(ctx context.Context, job store.Job, progress *jobProgress) error {
	var before client.JobProgress
	if err := decodeText(job.Progress, &before); err != nil {
		return err
	}
	progress.change(func(p *client.JobProgress) { p.Removed = before.Removed })
	at, err := r.files.Path(ctx, "/", formatID(job.FileID))
	if errors.Is(err, token.ErrFileNotFound) {
		return nil // It is gone.
	}
	if err != nil {
		return err
	}
	tree, err := r.granted(ctx, at)
	if err != nil {
		return err
	}
	defer tree.Close()
	if err := emptyFolder(ctx, tree, "/", progress); err != nil {
		return err
	}
	if at, err = r.files.Path(ctx, "/", formatID(job.FileID)); err != nil {
		return err
	}
	err = r.files.Remove(ctx, at, func() error { return r.removeAll(ctx, at) })
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		progress.change(func(p *client.JobProgress) { p.Removed++ })
		return nil
	}
	return err
}

// emptyFolder removes what is in a folder. Names that are no paths here are left for who removes the folder as a whole.
func emptyFolder(ctx context.Context, files storage.Tree, folder string, progress *jobProgress) error {
	var failed error
	err := files.Each(folder, func(d fs.DirEntry) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p := path.Join(folder, d.Name())
		if _, err := storage.Clean(p); err != nil {
			return nil
		}
		if d.IsDir() {
			if err := emptyFolder(ctx, files, p, progress); err != nil && ctx.Err() != nil {
				return err
			}
		}
		err := files.Remove(p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			failed = err
			return nil
		}
		progress.change(func(p *client.JobProgress) { p.Removed++ })
		return nil
	})
	if err == nil && failed != nil && folder != "/" {
		err = files.RemoveAll(folder) // What has a strange name, or came meanwhile.
	}
	return err
}

// addUpTree adds up the tree of a job, from the beginning if another node did not come to the end.
func (r *jobRunner) addUpTree(ctx context.Context, job store.Job, progress *jobProgress) error {
	tree, folder, err := r.treeAt(ctx, job.Path)
	if err != nil {
		return err
	}
	return addUp(ctx, tree, folder, func(add func(*client.Usage)) {
		progress.change(func(p *client.JobProgress) {
			if p.Usage == nil {
				p.Usage = &client.Usage{}
			}
			add(p.Usage)
		})
	})
}

// addUp counts what a tree holds, by change, entry by entry. It follows no link.
func addUp(ctx context.Context, files storage.Tree, folder string, change func(func(*client.Usage))) error {
	add := func(info fs.FileInfo) {
		change(func(u *client.Usage) {
			switch mode := info.Mode(); {
			case mode.IsDir():
				u.DirCount++
			case mode.IsRegular():
				u.FileCount++
				u.TotalSize += info.Size()
			case mode&fs.ModeSymlink != 0:
				u.LinkCount++
			default:
				u.SpecialCount++
			}
		})
	}
	failed := func() { change(func(u *client.Usage) { u.FailedCount++ }) }
	self, err := files.Lstat(folder)
	if err != nil {
		return err
	}
	if !self.IsDir() {
		add(self)
		return nil
	}
	w := walker{
		files: files,
		visit: func(_ string, _ int, d fs.DirEntry) error {
			info, err := d.Info()
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				failed()
			default:
				add(info)
			}
			return ctx.Err()
		},
		failed: func(string, error) { failed() },
	}
	return w.walk(folder, 1)
}
