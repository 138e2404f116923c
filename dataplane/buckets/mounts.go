package buckets

import (
	"context"
	"errors"

	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transfer"
)

// Mount has node users see an object storage as the folder of a name, or gives the one of that name other settings and
// credentials. With another bucket or folder it is another storage, so that uploads into the former one are aborted
// there.
func (b *Buckets) Mount(ctx context.Context, name string, s objectstore.Settings, c objectstore.Credentials) error {
	row, err := b.Store.Mount(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil {
		was, err := settingsOf(row.ObjectStorage)
		if err != nil {
			return err
		}
		if was.Type == s.Type && was.Endpoint == s.Endpoint && was.Bucket == s.Bucket && was.Path == s.Path {
			held, err := b.credentials(row.ObjectStorage)
			if err == nil && held == c && was.Same(s) {
				return nil
			}
			return b.Change(ctx, row.ID, s, c)
		}
	}
	made, err := b.Seal(s, c)
	if err != nil {
		return err
	}
	return b.Store.CreateMount(ctx, store.Mount{Name: name, ObjectStorage: made})
}

// Mounts implements transfer.Objects.
func (b *Buckets) Mounts(ctx context.Context) (map[string]string, error) {
	mounts, err := b.Store.Mounts(ctx)
	for name, id := range mounts {
		mounts[name] = store.ObjectStorage{ID: id}.Path()
	}
	return mounts, err
}

// Mounted implements transfer.Objects.
func (b *Buckets) Mounted(ctx context.Context, name, p string) (transfer.ObjectTree, error) {
	t, err := b.folder(ctx, p)
	if err != nil {
		return nil, err
	}
	return tree{t.Under(name)}, nil
}

// SettingsOf are the settings of the storage of a name; store.ErrNotFound if there is none.
func (b *Buckets) SettingsOf(ctx context.Context, name string) (objectstore.Settings, error) {
	row, err := b.Store.Mount(ctx, name)
	if err != nil {
		return objectstore.Settings{}, err
	}
	return settingsOf(row.ObjectStorage)
}
