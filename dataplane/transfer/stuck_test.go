package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// sticky is a folder where a file's unfinished forms can be made and not removed.
type sticky struct {
	*storage.Root
	name string
}

func (d sticky) Remove(p string) error {
	if _, err := d.Lstat(p); err == nil && strings.HasPrefix(p, d.name) {
		return syscall.EPERM
	}
	return d.Root.Remove(p)
}

// A partial file that can't be removed is a failure of its file, not of the session.
func TestWhatCannotBeRemovedSparesTheOthers(t *testing.T) {
	const size = 8 << 20
	for name, prepare := range map[string]func(t *testing.T, x *run){
		"the source shrinks": func(t *testing.T, x *run) {
			x.between = func(off int64) {
				if off == 4<<20 {
					if err := os.Truncate(filepath.Join(x.from, "bad"), 1<<20); err != nil {
						t.Error(err)
					}
				}
			}
		},
		"another source": func(t *testing.T, x *run) {
			x.cutAfter = 5 << 20
			x.do(t)
			x.cutAfter = 0
			p := filepath.Join(x.from, "bad")
			info, err := os.Stat(p)
			if err != nil {
				t.Fatal(err)
			}
			write(t, p, noise(2, size))
			if err := os.Chtimes(p, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Resume: manifest.ResumeSparse}}
			write(t, filepath.Join(x.from, "bad"), noise(1, size))
			prepare(t, &x)
			write(t, filepath.Join(x.from, "good"), []byte("1"))
			x.target = func(r *storage.Root) TargetTree { return sticky{Root: r, name: "bad."} }
			_, got := x.do(t)
			var e *fail.Error
			if !errors.As(got, &e) || e.Code != fail.SomeFiles {
				t.Errorf("got %v", got)
			}
			if x.events["bad"].Err == nil || x.events["good"].Err != nil || x.events["good"].Path == "" {
				t.Errorf("bad: %v, good: %+v", x.events["bad"].Err, x.events["good"])
			}
		})
	}
}
