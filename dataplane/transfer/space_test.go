package transfer

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
)

// smallDisk has so many bytes, of which the files in its folder occupy some. The file b is looked
// for when half of a is written.
type smallDisk struct {
	*storage.Root
	t       *testing.T
	dir     string
	size    int64
	decided chan struct{}
	spaces  int
}

func (d *smallDisk) Space(string) (storage.Space, error) {
	if d.spaces++; d.spaces == 2 {
		defer close(d.decided)
	}
	return storage.Space{Total: d.size, Free: d.size - d.occupied()}, nil
}

func (d *smallDisk) occupied() int64 { return occupied(d.dir, "a.partial", "a", "b.partial", "b") }

func (d *smallDisk) Lstat(p string) (fs.FileInfo, error) {
	for p == "b" && d.occupied() < 20<<20 && d.t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	return d.Root.Lstat(p)
}

// What a file has been given on disk is not held against the next one a second time.
func TestFilesThatFitAreTaken(t *testing.T) {
	for name, sparse := range map[string]bool{"preallocated": false, "written": true} {
		t.Run(name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Sparse: sparse}}
			disk := &smallDisk{t: t, dir: x.to, size: 60 << 20, decided: make(chan struct{})}
			x.target = func(r *storage.Root) TargetTree { disk.Root = r; return disk }
			x.between = func(off int64) {
				if off == 24<<20 {
					<-disk.decided
				}
			}
			write(t, filepath.Join(x.from, "a"), noise(1, 34<<20))
			write(t, filepath.Join(x.from, "b"), noise(2, 20<<20))
			if sparse { // Holes keep a file from being preallocated.
				for _, name := range []string{"a", "b"} {
					if err := os.Truncate(filepath.Join(x.from, name), 40<<20); err != nil {
						t.Fatal(err)
					}
				}
			}
			x.mustDo(t)
		})
	}
}
