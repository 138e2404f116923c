package transfer

import (
	"path/filepath"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
)

// What a session made and nothing can be resumed from does not stay, however little of it has come.
func TestNothingUselessIsLeftBehind(t *testing.T) {
	for name, c := range map[string]struct {
		size, cutAfter int64
		full           bool
	}{
		"preallocated, nothing came":    {size: 20 << 20, cutAfter: 1},
		"no room for the first bytes":   {size: 6 << 20, full: true},
		"no room for half of small one": {size: 3 << 19, full: true},
	} {
		t.Run(name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), cutAfter: c.cutAfter, options: control.Options{Checksum: ChecksumMD5}}
			if c.full {
				x.target = func(r *storage.Root) TargetTree { return noRoom{r} }
			}
			write(t, filepath.Join(x.from, "f"), noise(1, int(c.size)))
			if sent, got := x.do(t); sent == nil && got == nil {
				t.Fatal("the session succeeds")
			}
			if left := tree(t, x.to); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// noRoom is a disk where files can be made and not filled.
type noRoom struct{ *storage.Root }

func (d noRoom) OpenForContent(p string, size int64) (storage.File, error) {
	f, err := d.Root.OpenForContent(p, size)
	if err != nil {
		return nil, err
	}
	return unwritable{f}, nil
}

type unwritable struct{ storage.File }

func (unwritable) WriteAt([]byte, int64) (int, error) { return 0, syscall.ENOSPC }
