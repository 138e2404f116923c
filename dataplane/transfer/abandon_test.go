package transfer

import (
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/dataplane/storage"
)

// When a file fails, what is left of it does not travel, whichever end it fails at.
func TestFailedFileDoesNotTravel(t *testing.T) {
	for name, cut := range map[string]func(x *run){
		"receiver": func(x *run) {
			x.target = func(r *storage.Root) TargetTree { return fullDisk{Root: r, name: "big.partial"} }
		},
		"sender": func(x *run) {
			x.roots = []Root{{Tree: failingDisk{names: map[string]bool{"big": true}}, Path: x.from}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			const size = 40 << 20
			x := run{from: t.TempDir(), to: t.TempDir()}
			cut(&x)
			write(t, filepath.Join(x.from, "big"), noise(1, size))
			write(t, filepath.Join(x.from, "small"), []byte("1"))
			abandoned := func() bool {
				x.link.mu.Lock()
				defer x.link.mu.Unlock()
				return x.link.given.Length == size
			}
			x.between = func(off int64) {
				for deadline := time.Now().Add(10 * time.Second); off == 8<<20 && !abandoned(); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Error("the rest of the file is not abandoned")
						return
					}
				}
			}
			x.do(t)
			if x.events["big"].Err == nil || x.events["small"].Err != nil {
				t.Errorf("big: %v, small: %v", x.events["big"].Err, x.events["small"].Err)
			}
			if x.link.moved > 10<<20 {
				t.Errorf("%d bytes moved", x.link.moved)
			}
		})
	}
}
