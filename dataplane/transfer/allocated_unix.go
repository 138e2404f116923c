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
