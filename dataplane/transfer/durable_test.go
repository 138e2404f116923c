package transfer

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"github.com/google/go-cmp/cmp"
)

// noting notes what of a tree is brought to disk, and when files get their names.
type noting struct {
	*storage.Root
	mu    sync.Mutex
	calls []string
}

func (n *noting) note(call string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, call)
}

func (n *noting) Sync() error {
	n.note("all")
	return n.Root.Sync()
}

func (n *noting) SyncFolder(p string) error {
	n.note("folder " + p)
	return n.Root.SyncFolder(p)
}

func (n *noting) Rename(from, to string) error {
	err := n.Root.Rename(from, to)
	n.note("rename " + to)
	return err
}

// A session is not complete before the names of files are on disk: a file may be whole there and still have another.
func TestNamesAreOnDiskBeforeTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]int
		want  []string
	}{
		"large files": {map[string]int{"a/f": 2 << 20, "a/g": 2 << 20, "b/f": 2 << 20},
			[]string{"folder a", "folder b"}},
		"a small one among them": {map[string]int{"a/f": 2 << 20, "b/f": 2}, []string{"all"}},
	} {
		t.Run(name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir()}
			for f, size := range c.files {
				write(t, filepath.Join(x.from, f), noise(1, size))
			}
			var tree *noting
			x.target = func(r *storage.Root) TargetTree {
				tree = &noting{Root: r}
				return tree
			}
			x.mustDo(t)
			last := len(tree.calls)
			for last > 0 && tree.calls[last-1][0] != 'r' {
				last--
			}
			got := tree.calls[last:]
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("after the last file got its name (-want +got):\n%s", diff)
			}
		})
	}
}
