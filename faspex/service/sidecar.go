package service

import (
	"context"
	"errors"
	"path"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/metadata"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// writeSidecar writes what the sender filled in beside the content of a package, if its shared inbox or the server wants
// it. A file that is there was written by an earlier run. What is forwarded gets none: its content has one.
func (w *Worker) writeSidecar(ctx context.Context, client *nodeapi.Client, p store.Package) error {
	if p.ForwardedFrom.Valid {
		return nil
	}
	name, err := w.sidecar(ctx, p)
	if err != nil || name == "" {
		return err
	}
	text, err := metadata.File{Title: p.Title, Note: p.Note, UUID: p.UUID, Sender: p.Sender.Name,
		Created: p.CreatedAt.UTC().Format(time.RFC3339)}.XML(p.Metadata)
	if err != nil {
		return err
	}
	if err := client.CreateDirectory(ctx, p.Directory); err != nil && !nodeapi.IsConflict(err) {
		return err
	}
	if err := client.CreateFile(ctx, name, text); err != nil && !nodeapi.IsConflict(err) {
		return err
	}
	return nil
}

// sidecar is where the file of a package goes; empty for none.
func (w *Worker) sidecar(ctx context.Context, p store.Package) (string, error) {
	groups, err := w.store.PackageGroups(ctx, p.ID)
	if err != nil {
		return "", err
	}
	for _, g := range groups[p.ID] {
		if g.Kind != store.SharedInbox {
			continue
		}
		o, err := settings.ReadSharedInbox(g.Options)
		if err != nil || !o.SaveMetadataToFile {
			return "", err
		}
		return path.Join(p.Directory, "aspera-metadata.xml"), nil
	}
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil || !c.SaveMetadataToFile {
		return "", err
	}
	if _, err := w.store.DefaultMetadataProfile(ctx); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return "", err
	}
	folder := path.Dir(p.Directory)
	if c.SaveMetadataInPackage {
		folder = p.Directory
	}
	return path.Join(folder, "aspera-metadata-"+p.UUID+".xml"), nil
}
