package storage

import (
	"errors"
	"io"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"
)

// eachBatch is how many entries of a folder are read at once.
const eachBatch = 1024

// Each calls fn with every entry of a folder in the order of the folder, and stops at its first error. It holds a part
// of the entries at a time, however many there are.
func (r *Root) Each(p string, fn func(fs.DirEntry) error) error {
	f, err := r.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(eachBatch)
		for _, e := range entries {
			if e.Name() == Mark {
				continue
			}
			if err := fn(entry{e, r, path.Join(p, e.Name())}); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// Identity tells a file from another that had or gets its path. Where the storage does not say when a file was made, a
// file that gets the number of one that was removed can't be told from it.
type Identity struct {
	Inode uint64
	// BornNsec is when the file was made, in nanoseconds since 1970; 0 if the storage does not say.
	BornNsec int64
}

// Identify describes what is at a path, as Lstat does, and says which file it is.
func (r *Root) Identify(p string) (fs.FileInfo, Identity, error) {
	name, err := local(p)
	if err != nil {
		return nil, Identity{}, err
	}
	f, err := r.openPath(name, unix.O_NOFOLLOW)
	if err != nil {
		return nil, Identity{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if info, err = r.withContentSize(p, info, err); err != nil {
		return nil, Identity{}, err
	}
	var st unix.Statx_t
	if err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &st); err != nil {
		return nil, Identity{}, &fs.PathError{Op: "statx", Path: name, Err: err}
	}
	id := Identity{Inode: st.Ino}
	if st.Mask&unix.STATX_BTIME != 0 {
		id.BornNsec = st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
	}
	return info, id, nil
}
