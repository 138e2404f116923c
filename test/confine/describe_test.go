package confine

import (
	"fmt"
	"os"
	"syscall"
)

// describe tells a file apart by device and inode, and says what is in it. Of a folder that the attacker may
// have entries in, the times change.
func describe(p string, shared bool) string {
	info, err := os.Lstat(p)
	if err != nil {
		return err.Error()
	}
	st := info.Sys().(*syscall.Stat_t)
	text := fmt.Sprintf("%d:%d %s", st.Dev, st.Ino, info.Mode())
	if !shared {
		text += fmt.Sprintf(" %d links, mtime %v, ctime %v", st.Nlink, st.Mtim, st.Ctim)
	}
	switch {
	case info.Mode().IsRegular():
		content, err := os.ReadFile(p)
		return fmt.Sprintf("%s %q %v", text, content, err)
	case info.Mode()&os.ModeSymlink != 0:
		link, err := os.Readlink(p)
		return fmt.Sprintf("%s -> %q %v", text, link, err)
	}
	return text
}
