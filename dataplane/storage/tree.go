package storage

import (
	"errors"
	"io/fs"
)

// Tree is files and folders, wherever they are: *Root has them in a folder of the host, dataplane/objectstore in a
// bucket. Paths are as those of Root. What a tree can't do is in its Capabilities, and fails with errors.ErrUnsupported.
type Tree interface {
	Stat(p string) (fs.FileInfo, error)
	Lstat(p string) (fs.FileInfo, error)
	ReadDir(p string) ([]fs.DirEntry, error)
	Each(p string, fn func(fs.DirEntry) error) error
	Identify(p string) (fs.FileInfo, Identity, error)
	Readlink(p string) (string, error)
	OpenContent(p string) (File, error)
	Create(p string, content []byte, perm fs.FileMode) error
	Mkdir(p string, perm fs.FileMode) error
	MkdirAll(p string, perm fs.FileMode) error
	Remove(p string) error
	RemoveAll(p string) error
	Rename(from, to string) error
	Symlink(text, p string) error
	// Space fails with ErrSpaceUnknown where nobody knows.
	Space(p string) (Space, error)
	Close() error
	Capabilities() Capabilities
}

// Capabilities are what of the ways of a folder a tree has.
type Capabilities struct {
	// Host says that files can be opened as those of the host, with their permissions, owners and attributes.
	Host bool
	// Links are symbolic ones, Holes those of sparse files.
	Links, Holes bool
	// AtomicRename says that a folder gets its new name in one step, however much it holds.
	AtomicRename bool
	// Space says that it is known how much is free.
	Space bool
	// Times says that files can be given their modification time.
	Times bool
}

// Capabilities of a folder of the host are all.
func (r *Root) Capabilities() Capabilities {
	return Capabilities{Host: true, Links: true, Holes: true, AtomicRename: true, Space: true, Times: true}
}

var _ Tree = (*Root)(nil)

// Known is an entry of a folder of which its listing has told all. Those of Root are looked at one by one.
type Known interface {
	Known() (fs.FileInfo, Identity)
}

// ErrSpaceUnknown is for a storage that does not say how much is free.
var ErrSpaceUnknown = errors.New("the storage does not say how much is free")

// RemoteError is a failure of a storage that is another server's. Text is for people: it names the storage and says
// what to do, and holds no secret.
type RemoteError struct {
	// Refused says that the server refuses what it is asked: it won't pass by itself. Else the server is away, or busy.
	Refused bool
	Text    string
	Err     error
}

func (e *RemoteError) Error() string { return e.Text }

func (e *RemoteError) Unwrap() error { return e.Err }

// Objects is the folder of the storage root beneath which the storages of access keys are that have one of their own in
// an object store. No Root has anything there: its name is reserved.
const Objects = "/" + Mark
