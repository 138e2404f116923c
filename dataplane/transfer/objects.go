package transfer

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// Draft is a file until it is whole: what unfinished.Draft is in a folder of the host, and says of its methods.
type Draft interface {
	Find() map[int64][16]byte
	Open() (*unfinished.File, error)
	OpenKnown() (*unfinished.File, error)
	View(f storage.File) *unfinished.File
	Append(number int64, sum [16]byte, before *chunk.Hashes, data chunk.Set) error
	CloseJournal()
	Check() error
	// Replaces says what has the name of the file, nil for nothing, where only that may be replaced. Without it it is
	// nothing.
	Replaces(info fs.FileInfo)
	Commit() error
	CommitPart(sum [16]byte, known *chunk.Hashes, data chunk.Set, finish func(*os.File) error) error
	Remove() error
	// Release gives back what the draft holds for this session alone.
	Release()
	Names() []string
	// Apart says that the draft is not in the folder of the file, so that it may be there whatever the folder holds.
	Apart() bool
	Made() bool
	NoteMade()
	Occupied() int64
	DropStale()
}

var _ Draft = (*unfinished.Draft)(nil)

// Objects opens folders that are not in a folder of the host but in an object store.
type Objects interface {
	// Holds says that a path beneath the storage root is in an object store.
	Holds(p string) bool
	// Folder opens a path that is, for as long as ctx lasts.
	Folder(ctx context.Context, p string) (ObjectTree, error)
	// Mounts are the storages that are folders at the top of the storage root, by the names of these.
	Mounts(ctx context.Context) (map[string]string, error)
	// Mounted opens such a folder, by the path of its storage, for as long as ctx lasts. Paths begin with the name.
	Mounted(ctx context.Context, name, p string) (ObjectTree, error)
}

// ObjectTree is a tree whose drafts are not files.
type ObjectTree interface {
	storage.Tree
	NewDraft(target string, source unfinished.Source) (Draft, error)
}

// servedTree is a tree that a session at the server reads or writes.
type servedTree interface {
	TargetTree
	RemoveAll(p string) error
	MkdirAll(p string, perm fs.FileMode) error
	MayEncrypt(p string) bool
}

var _ servedTree = (*storage.Root)(nil)

// objectTree is a tree without files of the host. What needs them fails.
type objectTree struct{ ObjectTree }

var _ servedTree = objectTree{}

var errNoHostFile = fmt.Errorf("the files of an object storage are not of the host: %w", syscall.EOPNOTSUPP)

func (objectTree) MayEncrypt(string) bool                              { return false }
func (objectTree) Open(string) (*os.File, error)                       { return nil, errNoHostFile }
func (objectTree) OpenFile(string, int, fs.FileMode) (*os.File, error) { return nil, errNoHostFile }
func (objectTree) OpenOwn(string, int, fs.FileMode) (*os.File, error)  { return nil, errNoHostFile }
func (objectTree) OpenForContent(string, int64) (storage.File, error)  { return nil, errNoHostFile }
func (objectTree) Folder(string) (*storage.Folder, error)              { return nil, errNoHostFile }
func (objectTree) Chtimes(string, time.Time, time.Time) error          { return errNoHostFile }
func (objectTree) Lchown(string, int, int) error                       { return errNoHostFile }

// Sync does nothing: an object is kept when it was written.
func (objectTree) Sync() error { return nil }

// SyncFolder does nothing.
func (objectTree) SyncFolder(string) error { return nil }

// objectWorkers are how many files of a session get their names at a time, each by a request that waits for a server.
const objectWorkers = 16

// toObjects holds a session that writes objects to what these can have. What is asked for by name and can't be is
// refused.
func (s *session) toObjects(p *plan) error {
	o := &s.options
	for _, refused := range []struct {
		asked bool
		what  string
	}{
		{o.PreserveUID || o.PreserveGID, "owners"},
		{manifest.KeptXattrs(*o) != nil, "extended attributes and access control lists"},
		{o.Checksum != "" && o.Checksum != ChecksumNone, "checksums of whole files"},
	} {
		if refused.asked {
			return fail.New(fail.Usage, "%s are not there yet for uploads into an object storage: leave that option out",
				refused.what)
		}
	}
	// Each session would have a part of an object, and no object has holes or permissions.
	o.Sparse, o.SplitFrom, o.PreserveModes, o.PreserveAccessTimes = false, 0, false, false
	p.mayLink = func(string, string) *fail.Error {
		return fail.New(fail.BadPath, "an object storage has no symbolic links: it is left out")
	}
	return nil
}

// draftOf makes the draft of a file.
func (r *receiver) draftOf(f *gotFile) error {
	if r.objects == nil {
		f.mu.Lock()
		f.local = unfinished.New(r.tree, f.target, r.source(f))
		f.mu.Unlock()
		return nil
	}
	d, err := r.objects.NewDraft(f.target, r.source(f))
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.draft = d
	f.mu.Unlock()
	return nil
}

// releaseAll has the drafts of a session that is over give back what they hold.
func (r *receiver) releaseAll() {
	for _, f := range r.unfinished() {
		f.mu.Lock()
		f.draft.Release()
		f.mu.Unlock()
	}
}
