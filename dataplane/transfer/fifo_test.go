package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A file that has become a pipe by the time that it is read fails, and holds nobody up: nobody may ever write into it.
func TestFileThatBecomesAPipe(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	p := filepath.Join(x.from, "f")
	write(t, p, noise(1, 2<<20))
	write(t, filepath.Join(x.from, "g"), noise(2, 2<<20))
	x.between = func(off int64) {
		if off == 0 {
			if err := errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600)); err != nil {
				t.Error(err)
			}
		}
	}
	x.do(t)
	if x.events["f"].Err == nil || x.events["g"].Err != nil || x.events["g"].Path == "" {
		t.Errorf("f: %v, g: %+v", x.events["f"].Err, x.events["g"])
	}
}
