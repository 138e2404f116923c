package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Owner tells who a file belongs to, by numbers.
func Owner(info fs.FileInfo) (uid, gid uint32) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Uid, st.Gid
	}
	return 0, 0
}

// AccessTime is when a file was last read, in nanoseconds since 1970.
func AccessTime(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Atim.Nano()
	}
	return info.ModTime().UnixNano()
}

// MayChown says whether this process may give files to others (CAP_CHOWN).
func MayChown() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // 64 capabilities
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_CHOWN) != 0
}

// Xattr is an extended attribute of a file.
type Xattr struct {
	Name  string
	Value []byte
}

// maxXattrList and maxXattrValue are the kernel's limits (XATTR_LIST_MAX, XATTR_SIZE_MAX).
const (
	maxXattrList  = 64 << 10
	maxXattrValue = 64 << 10
)

// Xattrs reads the extended attributes of an open file whose names are wanted. A file system without any has none.
func Xattrs(f *os.File, wanted func(name string) bool) ([]Xattr, error) {
	buf := make([]byte, maxXattrList)
	var list []Xattr
	err := control(f, func(fd int) error {
		n, err := unix.Flistxattr(fd, buf)
		if errors.Is(err, unix.ENOTSUP) {
			return nil
		}
		if err != nil {
			return err
		}
		for name := range strings.SplitSeq(string(buf[:n]), "\x00") {
			if name != "" && wanted(name) {
				list = append(list, Xattr{Name: name})
			}
		}
		for i := range list {
			n, err := unix.Fgetxattr(fd, list[i].Name, buf[:maxXattrValue])
			if err != nil {
				return fmt.Errorf("%s: %w", list[i].Name, err)
			}
			list[i].Value = bytes.Clone(buf[:n])
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read extended attributes: %w", err)
	}
	return list, nil
}

// SetXattr sets one extended attribute of an open file.
func SetXattr(f *os.File, x Xattr) error {
	err := control(f, func(fd int) error { return unix.Fsetxattr(fd, x.Name, x.Value, 0) })
	if err != nil {
		return fmt.Errorf("set extended attribute %s: %w", x.Name, err)
	}
	return nil
}

// Extent is a part of a file.
type Extent struct{ Offset, Length int64 }

// Extents lists the parts of an open file of a size that may hold something else than zeros, ascending. A
// file system that knows of no holes has one part. The list ends early, with the rest of the file as one
// part, when it would exceed most.
func Extents(f *os.File, size int64, most int) ([]Extent, error) {
	var list []Extent
	err := control(f, func(fd int) error {
		for at := int64(0); at < size; {
			from, err := unix.Seek(fd, at, unix.SEEK_DATA)
			switch {
			case errors.Is(err, unix.ENXIO): // Nothing but a hole until the end.
				return nil
			case err != nil:
				return err
			case from >= size:
				return nil
			}
			to := size
			if len(list)+1 < most {
				if to, err = unix.Seek(fd, from, unix.SEEK_HOLE); err != nil {
					return err
				}
			}
			list = append(list, Extent{Offset: from, Length: min(to, size) - from})
			at = to
		}
		return nil
	})
	if errors.Is(err, unix.EINVAL) {
		return []Extent{{Length: size}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find holes: %w", err)
	}
	return list, nil
}

// HoleAt says whether a part of an open file is known to be a hole. The file's offset changes.
func HoleAt(f *os.File, off, length int64) bool {
	from, err := f.Seek(off, unix.SEEK_DATA)
	return errors.Is(err, unix.ENXIO) || err == nil && from >= off+length
}

// control calls fn with the descriptor of an open file.
func control(f *os.File, fn func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = fn(int(fd)) }); err != nil {
		return err
	}
	return failed
}
