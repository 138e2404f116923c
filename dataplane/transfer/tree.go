package transfer

import (
	"io/fs"
	"os"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// SourceTree is where a sender reads. Paths are slash-separated; *storage.Root is one, and HostTree.
type SourceTree interface {
	Open(p string) (*os.File, error)
	// OpenContent opens a file to read its content, which may be encrypted on disk.
	OpenContent(p string) (storage.File, error)
	Stat(p string) (fs.FileInfo, error)
	Lstat(p string) (fs.FileInfo, error)
	ReadDir(p string) ([]fs.DirEntry, error)
	Readlink(p string) (string, error)
}

// TargetTree is where a receiver writes. *storage.Root is one: nothing outside of it can be reached.
type TargetTree interface {
	SourceTree
	unfinished.Tree
	OpenFile(p string, flag int, perm fs.FileMode) (*os.File, error)
	Mkdir(p string, perm fs.FileMode) error
	Chtimes(p string, atime, mtime time.Time) error
	Lchown(p string, uid, gid int) error
	Symlink(target, p string) error
	Space(p string) (storage.Space, error)
	// Sync has all that was written on disk.
	Sync() error
	// SyncFolder has the names in a folder on disk.
	SyncFolder(p string) error
	// Folder opens a folder of the tree, to make small files in.
	Folder(p string) (*storage.Folder, error)
}

var _ TargetTree = (*storage.Root)(nil)

// HostTree reads the files of this host as its user may, for a client that sends. Paths are the host's own.
type HostTree struct{}

// Open opens a file for reading.
func (HostTree) Open(p string) (*os.File, error) { return os.Open(p) }

// OpenContent opens a file for reading.
func (HostTree) OpenContent(p string) (storage.File, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	return storage.Plain(f), nil
}

// Stat follows symbolic links.
func (HostTree) Stat(p string) (fs.FileInfo, error) { return os.Stat(p) }

// Lstat does not follow the last symbolic link.
func (HostTree) Lstat(p string) (fs.FileInfo, error) { return os.Lstat(p) }

// ReadDir lists a folder, sorted by name.
func (HostTree) ReadDir(p string) ([]fs.DirEntry, error) { return os.ReadDir(p) }

// Readlink reads a symbolic link.
func (HostTree) Readlink(p string) (string, error) { return os.Readlink(p) }
