package storage

import (
	"io/fs"
	"syscall"
)

// Allocated is how many bytes of disk a file occupies.
func Allocated(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}
