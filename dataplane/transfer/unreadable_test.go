package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/fail"
)

// failingDisk has files that can be opened and looked at, but not read: their descriptors are for writing.
type failingDisk struct {
	HostTree
	names map[string]bool
}

func (d failingDisk) OpenContent(p string) (storage.File, error) {
	if !d.names[filepath.Base(p)] {
		return d.HostTree.OpenContent(p)
	}
	f, err := os.OpenFile(p, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return storage.Plain(f), nil
}

func TestReadErrorFailsTheFileAlone(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	x.roots = []Root{{Tree: failingDisk{names: map[string]bool{"a-large": true, "b-small": true}}, Path: x.from}}
	for name, size := range map[string]int{"a-large": 6 << 20, "b-small": 100, "c-large": 6 << 20, "d-small": 100} {
		write(t, filepath.Join(x.from, name), noise(uint64(size), size))
	}
	_, got := x.do(t)
	var e *fail.Error
	if !errors.As(got, &e) || e.Code != fail.SomeFiles {
		t.Errorf("the session ends with %v", got)
	}
	for _, name := range []string{"a-large", "b-small"} {
		if e := x.events[name].Err; e == nil || e.Code != fail.DiskRead {
			t.Errorf("%s: %v", name, e)
		}
	}
	left := tree(t, x.to)
	for _, name := range []string{"c-large", "d-small"} {
		if x.events[name].Err != nil || left[name] == "" {
			t.Errorf("%s: %v", name, x.events[name].Err)
		}
		delete(left, name)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %d files", len(left))
	}
}
