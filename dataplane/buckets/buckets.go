// Package buckets are the object storages of a node, by the paths beneath the storage root that access keys have them
// under. It keeps where they are, and their sealed credentials, in the store, so that all nodes have the same.
package buckets

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// Options of the object storages.
type Options struct {
	Store *store.Store
	// Keys seal the credentials.
	Keys *token.Keyring
	// Authorities, if not nil, are those that the certificates of servers must descend from.
	Authorities *x509.CertPool
	// Memory is what all storages share.
	Memory *objectstore.Memory
	// KeepUploads is how long an upload that nobody goes on with is kept.
	KeepUploads time.Duration
	Logger      *slog.Logger
}

// Buckets are the object storages. Safe for concurrent use.
type Buckets struct {
	Options

	mu   sync.Mutex
	open map[string]opened // by id
}

// opened is a connection to a storage as it was at a version.
type opened struct {
	version  uint64
	settings string
	bucket   *objectstore.Bucket
}

// New makes Buckets.
func New(o Options) *Buckets { return &Buckets{Options: o, open: map[string]opened{}} }

var _ transfer.Objects = (*Buckets)(nil)

// Holds says that a path beneath the storage root is in an object storage.
func (b *Buckets) Holds(p string) bool {
	_, _, ok := store.ObjectStorageOf(p)
	return ok
}

// purpose is what the credentials of a storage are sealed for.
func purpose(id string) string { return "object storage " + id }

// Seal is a new storage of checked settings, for CreateObjectStorage.
func (b *Buckets) Seal(s objectstore.Settings, c objectstore.Credentials) (store.ObjectStorage, error) {
	return b.sealAs(strings.ToLower(rand.Text()), s, c)
}

func (b *Buckets) sealAs(id string, s objectstore.Settings, c objectstore.Credentials) (store.ObjectStorage, error) {
	settings, err := json.Marshal(s)
	if err != nil {
		return store.ObjectStorage{}, fmt.Errorf("encode storage: %w", err)
	}
	secrets, err := json.Marshal(c)
	if err != nil {
		return store.ObjectStorage{}, fmt.Errorf("encode credentials: %w", err)
	}
	sealed, err := b.Keys.SealSecret(purpose(id), secrets)
	return store.ObjectStorage{ID: id, Settings: settings, Secrets: sealed}, err
}

// Settings are those of the storage that a path is in, and the path in it.
func (b *Buckets) Settings(ctx context.Context, p string) (objectstore.Settings, string, error) {
	id, rest, ok := store.ObjectStorageOf(p)
	if !ok {
		return objectstore.Settings{}, "", fmt.Errorf("object storage: %w", fs.ErrNotExist)
	}
	row, err := b.Store.ObjectStorage(ctx, id)
	if err != nil {
		return objectstore.Settings{}, "", err
	}
	s, err := settingsOf(row)
	return s, rest, err
}

func settingsOf(row store.ObjectStorage) (objectstore.Settings, error) {
	var s objectstore.Settings
	if err := json.Unmarshal(row.Settings, &s); err != nil {
		return s, fmt.Errorf("settings of object storage: %w", err)
	}
	return s, nil
}

// Connect makes a connection with settings that are not stored yet.
func (b *Buckets) Connect(s objectstore.Settings, c objectstore.Credentials) (*objectstore.Bucket, error) {
	return objectstore.Open(s, func() (objectstore.Credentials, error) { return c, nil }, b.Authorities, b.Memory)
}

// credentials opens those of a storage.
func (b *Buckets) credentials(row store.ObjectStorage) (c objectstore.Credentials, err error) {
	secrets, err := b.Keys.OpenSecret(purpose(row.ID), row.Secrets)
	if err != nil {
		s, _ := settingsOf(row) // Its name is all that is wanted of them.
		return c, &storage.RemoteError{Refused: true, Err: err, Text: "the credentials of the object storage " + s.Name() +
			" were sealed with a key that this node has no more: renew storage.credentials"}
	}
	if err := json.Unmarshal(secrets, &c); err != nil {
		return c, errors.New("the credentials of an object storage can't be read")
	}
	return c, nil
}

// credentialsNow reads those of a storage.
func (b *Buckets) credentialsNow(id string) (objectstore.Credentials, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
	defer cancel()
	row, err := b.Store.ObjectStorage(ctx, id)
	if err != nil {
		return objectstore.Credentials{}, err
	}
	return b.credentials(row)
}

// bucket is the connection to a storage. The row is read each time: settings that were changed count at once.
func (b *Buckets) bucket(ctx context.Context, id string) (*objectstore.Bucket, error) {
	row, err := b.Store.ObjectStorage(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("object storage: %w", fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	was, ok := b.open[id]
	b.mu.Unlock()
	if ok && was.settings == string(row.Settings) {
		if was.version != row.Version {
			was.bucket.Renew()
			b.keep(id, opened{row.Version, was.settings, was.bucket})
		}
		return was.bucket, nil
	}
	s, err := settingsOf(row)
	if err != nil {
		return nil, err
	}
	if _, err := b.credentials(row); err != nil {
		return nil, err
	}
	made, err := objectstore.Open(s, func() (objectstore.Credentials, error) { return b.credentialsNow(id) },
		b.Authorities, b.Memory)
	if err != nil {
		return nil, err
	}
	b.keep(id, opened{row.Version, string(row.Settings), made})
	return made, nil
}

func (b *Buckets) keep(id string, o opened) {
	b.mu.Lock()
	b.open[id] = o
	b.mu.Unlock()
}

// Tree opens a path of a storage for as long as ctx lasts.
func (b *Buckets) Tree(ctx context.Context, p string) (*objectstore.Tree, error) {
	id, rest, ok := store.ObjectStorageOf(p)
	if !ok {
		return nil, fmt.Errorf("object storage: %w", fs.ErrNotExist)
	}
	bucket, err := b.bucket(ctx, id)
	if err != nil {
		return nil, err
	}
	return bucket.Tree(ctx, rest, id, store.Uploads{Store: b.Store}), nil
}

// Folder implements transfer.Objects. A session whose storage refuses it fails at once, and not with each of its files.
func (b *Buckets) Folder(ctx context.Context, p string) (transfer.ObjectTree, error) {
	t, err := b.folder(ctx, p)
	if err != nil {
		return nil, err
	}
	return tree{t}, nil
}

func (b *Buckets) folder(ctx context.Context, p string) (*objectstore.Tree, error) {
	t, err := b.Tree(ctx, p)
	if err != nil {
		return nil, err
	}
	looking, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	if err := t.Try(looking); err != nil {
		return nil, err
	}
	return t, nil
}

// tree makes drafts as package transfer knows them.
type tree struct{ *objectstore.Tree }

// NewDraft implements transfer.ObjectTree.
func (t tree) NewDraft(target string, source unfinished.Source) (transfer.Draft, error) {
	return t.Draft(target, source)
}

// lookLimit bounds a look at one file.
const lookLimit = 30 * time.Second

// Identify is that of the storages, by absolute paths: for who keeps the ids of files.
func (b *Buckets) Identify(p string) (fs.FileInfo, storage.Identity, error) {
	if p == storage.Objects {
		return topInfo{}, storage.Identity{Inode: 1}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
	defer cancel()
	id, rest, _ := store.ObjectStorageOf(p)
	t, err := b.Tree(ctx, storage.Objects+"/"+id)
	if err != nil {
		return nil, storage.Identity{}, err
	}
	return t.Identify(rest)
}

// Each is that of the storages, by absolute paths.
func (b *Buckets) Each(p string, fn func(fs.DirEntry) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
	defer cancel()
	t, err := b.Tree(ctx, p)
	if err != nil {
		return err
	}
	return t.Each("/", fn)
}

// topInfo is the folder of all object storages.
type topInfo struct{}

func (topInfo) Name() string       { return storage.Mark }
func (topInfo) Size() int64        { return 0 }
func (topInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o700 }
func (topInfo) ModTime() time.Time { return time.Time{} }
func (topInfo) IsDir() bool        { return true }
func (topInfo) Sys() any           { return nil }
