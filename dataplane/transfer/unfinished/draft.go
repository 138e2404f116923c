package unfinished

import (
	"crypto/cipher"
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/fail"
)

// Tree is where drafts lie; *storage.Root is one.
type Tree interface {
	Lstat(p string) (fs.FileInfo, error)
	Open(p string) (*os.File, error)
	// OpenOwn opens or makes a regular file with one name, and nothing else (storage.ErrNotOwn).
	OpenOwn(p string, flag int, perm fs.FileMode) (*os.File, error)
	// OpenForContent is likewise for a file that is to have size bytes of content, which may be encrypted on disk.
	OpenForContent(p string, size int64) (storage.File, error)
	Rename(from, to string) error
	Remove(p string) error
}

// Part is a part of a file that is written by several sessions.
type Part struct {
	Index, Count uint32
	Offset       int64
	Total        int64
}

// Source is what a file is a copy of.
type Source struct {
	// Name is the file's name in the transfer, for messages.
	Name string
	// Size is that of the file, or of its part.
	Size, ModTime int64
	// Mode are the permissions that the partial file has from the beginning; 0 is 0644.
	Mode fs.FileMode
	// Part is nil for all of the file.
	Part *Part
	// Keep is the modification time that the file itself gets, in nanoseconds since 1970; 0 for none. Only a draft that is
	// no file of the host needs it.
	Keep int64
}

// Draft is a file of a tree until it is whole: a partial file and, if it is larger than a chunk, a journal. It is found
// (Find), opened or made (Open), journaled (Append), and then committed or removed.
//
// A partial file with a visible name is the draft's only if the draft made it, or if a journal lies beside it that no
// chunk of it contradicts. All else of such a name is somebody's: the draft then takes a reserved name. Partial files
// and journals are made with O_EXCL, and are opened only if they are regular files with one name
// (TestDraftOpensOnlyItsOwn, TestDraftLosesNothing).
//
// A Draft is not safe for concurrent use.
type Draft struct {
	tree   Tree
	target string
	source Source

	digest bool     // the names are the reserved ones
	known  bool     // the partial file is there, and the draft's
	made   bool     // by Open, or opened for writing
	is     identity // of the partial file, once it is known
	log    *os.File // the journal, once there is something to write
	hide   cipher.Block
}

// New is the draft of the file target of a tree.
func New(tree Tree, target string, source Source) Draft {
	d := Draft{tree: tree, target: target, source: source}
	d.digest = source.Part != nil || !d.journaled() || !visible(path.Base(target))
	return d
}

// journaled says that the draft has a journal.
func (d *Draft) journaled() bool { return d.source.Part != nil || d.source.Size > chunk.Size }

// total is the size of the whole file.
func (d *Draft) total() int64 {
	if d.source.Part != nil {
		return d.source.Part.Total
	}
	return d.source.Size
}

func (d *Draft) partial() string {
	if !d.digest {
		return d.target + partialSuffix
	}
	return d.reserved() + partialSuffix
}

func (d *Draft) journal() string {
	switch {
	case !d.digest:
		return d.target + journalSuffix
	case d.source.Part != nil:
		return partJournal(d.reserved(), d.source.Part.Index, d.source.Part.Count)
	}
	return d.reserved() + journalSuffix
}

// reserved is the stem of the reserved names.
func (d *Draft) reserved() string {
	dir, name := path.Split(d.target)
	return dir + reservedStem(name)
}

// Names are the names in the folder of the file that its drafts may have. Where none of
// them is, there is nothing to find.
func (d *Draft) Names() []string {
	name := path.Base(d.target)
	names := []string{reservedStem(name) + partialSuffix, path.Base(d.journal())}
	if visible(name) {
		names = append(names, name+partialSuffix, name+journalSuffix)
	}
	return names
}

// Made says that the partial file was made or opened for writing.
func (d *Draft) Made() bool { return d.made }

// Apart says that a draft is not in the folder of its file. Those of this package are.
func (d *Draft) Apart() bool { return false }

// Replaces says what the file takes the place of. Commit of this package replaces whatever is there.
func (d *Draft) Replaces(fs.FileInfo) {}

// Release gives back what a draft holds beside files: nothing.
func (d *Draft) Release() {}

// NoteMade says that a file of at most one chunk was made under SmallName.
func (d *Draft) NoteMade() { d.made = true }

// Open opens the partial file, or makes it. It is made once: were it made again, there would be
// zeros where it was written before.
func (d *Draft) Open() (*File, error) {
	if !d.known {
		if err := d.make(); err != nil {
			return nil, err
		}
	} else if err := d.Check(); err != nil {
		return nil, err
	}
	f, err := d.OpenKnown()
	if err == nil {
		d.made = true
	}
	return f, err
}

// OpenKnown opens a partial file that is there, to read it.
func (d *Draft) OpenKnown() (*File, error) {
	f, err := d.tree.OpenForContent(d.partial(), d.total())
	if err != nil {
		return nil, d.notOwn(err)
	}
	info, err := f.Host().Stat()
	if err == nil && identityOf(info) != d.is {
		err = d.errReplaced()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return d.view(f), nil
}

// make makes the partial file, and then the journal: a journal that were there first would vouch for what
// somebody else makes in between.
func (d *Draft) make() error {
	f, err := d.create()
	if err != nil {
		return d.notOwn(err)
	}
	info, err := f.Stat()
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	d.known, d.made, d.is = true, true, identityOf(info)
	if !d.journaled() {
		return nil
	}
	log, err := d.createJournal()
	if taken(err) && !d.digest {
		if err := d.tree.Remove(d.partial()); err != nil {
			return err
		}
		d.known, d.digest = false, true
		return d.make()
	}
	if err != nil {
		return d.notOwn(err)
	}
	_, err = log.Write(d.header().encode())
	if closed := log.Close(); err == nil {
		err = closed
	}
	return err
}

func (s *Source) mode() fs.FileMode {
	if s.Mode == 0 {
		return 0o644
	}
	return s.Mode
}

const ownFlags = os.O_RDWR | os.O_CREATE | os.O_EXCL

// create makes an empty partial file. Where somebody else has the visible name, or that of the journal, the draft takes
// a reserved one. What has a reserved name is the program's: the other parts are in it, or it is of no use.
func (d *Draft) create() (*os.File, error) {
	f, err := d.tree.OpenOwn(d.partial(), ownFlags, d.source.mode())
	if taken(err) && !d.digest {
		d.digest = true
		f, err = d.tree.OpenOwn(d.partial(), ownFlags, d.source.mode())
	}
	switch {
	case !taken(err):
		return f, err
	case d.source.Part != nil:
		if f, err = d.tree.OpenOwn(d.partial(), os.O_RDWR, 0); err == nil || errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	if err := ignoreMissing(d.tree.Remove(d.partial())); err != nil {
		return nil, err
	}
	return d.tree.OpenOwn(d.partial(), ownFlags, d.source.mode())
}

// taken says that a file can't be made because something has its name.
func taken(err error) bool { return errors.Is(err, fs.ErrExist) || errors.Is(err, storage.ErrNotOwn) }

// notOwn says what is wrong with a name that something else has.
func (d *Draft) notOwn(err error) error {
	if !taken(err) {
		return err
	}
	return fail.New(fail.AlreadyExists, "%s: what has the name %s of its unfinished file is something else, remove that",
		d.source.Name, path.Base(d.partial()))
}

// Check says whether what has the name of the partial file is what was written. Others than sessions of this node
// may have removed or replaced it.
func (d *Draft) Check() error {
	info, err := d.tree.Lstat(d.partial())
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!sole(info) || identityOf(info) != d.is) {
		return d.errReplaced()
	}
	return err
}

func (d *Draft) errReplaced() error {
	return fail.New(fail.DiskWrite, "%s: its partial file was removed or replaced while it was written, run again",
		d.source.Name)
}

// Occupied is how many bytes of disk the partial file has.
func (d *Draft) Occupied() int64 {
	if !d.known {
		return 0
	}
	info, err := d.tree.Lstat(d.partial())
	if err != nil {
		return 0
	}
	return storage.Allocated(info)
}

// Remove removes what is the draft's, but of a part only the journal: the other parts are in the same partial file.
func (d *Draft) Remove() error {
	d.CloseJournal()
	names := []string{d.journal(), d.partial()}
	switch {
	case d.source.Part != nil:
		names = names[:1]
	case !d.digest && (!d.known || d.Check() != nil):
		return nil
	case !d.journaled():
		names = names[1:]
	}
	for _, p := range names {
		if err := ignoreMissing(d.tree.Remove(p)); err != nil {
			return fail.File(d.source.Name, err, fail.DiskWrite)
		}
	}
	d.known = d.made
	return nil
}

// Commit gives the file its name. What has that, a link too, is replaced. The file has to be
// whole and on disk as it should be.
func (d *Draft) Commit() error {
	if err := d.Check(); err != nil {
		return err
	}
	if err := d.tree.Rename(d.partial(), d.target); err != nil {
		return err
	}
	if d.journaled() {
		// A journal that stays behind speaks of a partial file that is no more: Find removes it.
		_ = d.tree.Remove(d.journal())
	}
	return nil
}

// File is an open file that bytes of a draft are written into: all of it, or the part that begins at base.
type File struct {
	storage.File
	base int64
}

// ReadAt reads from off in the part.
func (f *File) ReadAt(b []byte, off int64) (int, error) { return f.File.ReadAt(b, f.base+off) }

// WriteAt writes at off in the part.
func (f *File) WriteAt(b []byte, off int64) (int, error) { return f.File.WriteAt(b, f.base+off) }

// Whole is an open file that is no part.
func Whole(f storage.File) *File { return &File{File: f} }

// ChunkHash is the hash of a chunk that a draft which is no file of the host knows without reading it.
func (f *File) ChunkHash(number int64) ([16]byte, bool) {
	if known, ok := f.File.(interface {
		ChunkHash(number int64) ([16]byte, bool)
	}); ok {
		return known.ChunkHash(number)
	}
	return [16]byte{}, false
}

// View is what an open file with the content of the whole file has of the part.
func (d *Draft) View(f storage.File) *File {
	out := &File{File: f}
	if d.source.Part != nil {
		out.base = d.source.Part.Offset
	}
	return out
}

// hider is the content of a file that is encrypted on disk.
type hider interface{ Values() cipher.Block }

func (d *Draft) view(f storage.File) *File {
	if h, ok := f.(hider); ok {
		d.hide = h.Values()
	}
	return d.View(f)
}

// identity tells two files apart, whatever their names.
type identity struct{ device, inode uint64 }

func identityOf(info fs.FileInfo) identity {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return identity{uint64(st.Dev), st.Ino} //nolint:unconvert // it is an int32 elsewhere
	}
	return identity{}
}

// sole says that a file is regular and has one name.
func sole(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return info.Mode().IsRegular() && (!ok || st.Nlink == 1)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
