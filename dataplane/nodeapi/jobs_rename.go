package nodeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
)

// slowFolders are trees in which a folder gets another name by a copy of all that it holds.
type slowFolders interface {
	storage.Tree
	MayRename(from, to string) (fs.FileInfo, error)
	TakesLong(p string) (bool, error)
	CopyFolder(from, to string, copied func()) error
	DropCopied(from, to string) error
}

// renameRequest is what a job to rename is for: Job.Path becomes To.
type renameRequest struct {
	To string `json:"to"`
}

// renameLater makes a job of a rename that takes long, of places that the ids know; nil for one that does not.
func (s *Server) renameLater(ctx context.Context, c *caller, from, to string) (*client.Job, error) {
	tree, source, target, err := s.slowTree(ctx, from, to)
	if err != nil || tree == nil {
		return nil, err
	}
	info, err := tree.MayRename(source, target)
	if err != nil || !info.IsDir() {
		return nil, err
	}
	if long, err := tree.TakesLong(source); err != nil || !long {
		return nil, err
	}
	id, err := s.files.ID(ctx, from)
	if err != nil {
		return nil, err
	}
	request, err := json.Marshal(renameRequest{To: to})
	if err != nil {
		return nil, fmt.Errorf("encode a job: %w", err)
	}
	job, err := s.queue(ctx, c, store.Job{Kind: jobRename, Path: from, FileID: id, Request: request})
	return &job, err
}

// slowTree is the tree that two places are in, and their paths there; nil if it is none of slowFolders.
func (s *Server) slowTree(ctx context.Context, from, to string) (tree slowFolders, source, target string, err error) {
	id, target, in := store.ObjectStorageOf(to)
	if other, _, ok := store.ObjectStorageOf(from); !in || !ok || id != other {
		return nil, "", "", nil
	}
	found, source, err := s.treeAt(ctx, from)
	if err != nil {
		return nil, "", "", err
	}
	tree, _ = found.(slowFolders)
	return tree, source, target, nil
}

// renameTree copies a folder and then removes the former one. A job that fails or is stopped before all is copied leaves
// nothing of the copy; after that it is done to its end.
func (r *jobRunner) renameTree(ctx context.Context, job store.Job, progress *jobProgress) error {
	var before client.JobProgress
	if err := decodeText(job.Progress, &before); err != nil {
		return err
	}
	var request renameRequest
	if err := decodeText(job.Request, &request); err != nil {
		return err
	}
	progress.change(func(p *client.JobProgress) { p.Whole = before.Whole })
	tree, source, target, err := r.slowTree(ctx, job.Path, request.To)
	if err != nil {
		return err
	}
	if tree == nil {
		return fmt.Errorf("a job to rename what is in no object storage: %w", errors.ErrUnsupported)
	}
	if !before.Whole {
		err := tree.CopyFolder(source, target, func() { progress.change(func(p *client.JobProgress) { p.Copied++ }) })
		if err == nil {
			_, err = tree.Lstat(source) // What was removed or renamed meanwhile is not copied as a whole.
		}
		switch cause := context.Cause(ctx); {
		case err == nil:
		case cause == nil || errors.Is(cause, errJobStopped):
			return errors.Join(err, r.removeAll(context.WithoutCancel(ctx), request.To))
		default: // Another node goes on.
			return err
		}
		progress.change(func(p *client.JobProgress) { p.Whole = true })
		// Nothing is removed before whoever goes on knows that.
		if held, _, err := r.Store.KeepJob(ctx, job.ID, r.holder, progress.text(), r.lease); err != nil || !held {
			return errors.Join(err, errJobLost)
		}
	}
	err = tree.DropCopied(source, target)
	if errors.Is(context.Cause(ctx), errJobStopped) { // It comes too late.
		ctx = context.WithoutCancel(ctx)
		if tree, source, target, err = r.slowTree(ctx, job.Path, request.To); err == nil {
			err = tree.DropCopied(source, target)
		}
	}
	if err != nil {
		return err
	}
	return r.files.Renamed(ctx, job.FileID, request.To)
}
