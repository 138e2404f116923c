//go:build unix

package transfer

import (
	"io/fs"
	"syscall"
)

// allocated is how many bytes of disk a file occupies.
func allocated(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}

// identity tells two files apart, whatever their names.
type identity struct{ device, inode uint64 }

func identityOf(info fs.FileInfo) identity {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return identity{uint64(st.Dev), st.Ino} //nolint:unconvert // it is an int32 elsewhere
	}
	return identity{}
}
