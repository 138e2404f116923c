package robust

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// noSpace is the published code.
const noSpace = 25

// TestDiskFull sends more than there is room for: what fits is delivered, the rest is reported,
// and delivered once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	t.Run("before a file", func(t *testing.T) {
		t.Parallel()
		files := tree{"a/big": noise(1, 24<<20), "b/bigger": noise(2, 28<<20)}
		for i := range 50 {
			files[fmt.Sprintf("c/f%02d", i)] = noise(uint64(3+i), 20<<10)
		}
		from, n, disk, r := full(t, files, "48m")
		o := n.send(t, ask{relay: r}, from, "/").wait(t)
		f := o.failed["b/bigger"]
		if o.status == 0 || len(o.failed) != 1 || f.code != noSpace || !strings.Contains(f.text, "no space left on disk") {
			t.Fatalf("status %d, failed: %v", o.status, o.failed)
		}
		if missing := files.right(t, disk); len(missing) != 1 {
			t.Errorf("missing: %v", missing)
		}
		// Room: the big file goes, and is not sent again because it is not asked for.
		if err := os.Remove(filepath.Join(disk, "a/big")); err != nil {
			t.Fatal(err)
		}
		delete(files, "a/big")
		if err := os.Remove(filepath.Join(from, "a/big")); err != nil {
			t.Fatal(err)
		}
		n.send(t, ask{relay: r}, from, "/").succeeds(t)
		files.complete(t, disk)
		n.leaksNothing(t)
	})
	t.Run("within files", func(t *testing.T) {
		t.Parallel()
		// No room is reserved for files as small as these.
		files := tree{}
		for i := range 500 {
			files[fmt.Sprintf("f%03d", i)] = noise(uint64(i), 60<<10)
		}
		from, n, disk, r := full(t, files, "80m")
		arrived := r.hold(6 << 20)
		c := n.send(t, ask{relay: r, flags: []string{"-l", "100M"}}, from, "/")
		c.reaches(t, arrived)
		ballast := fill(t, disk)
		r.meddleWith(nil)
		o := c.wait(t)
		for name, f := range o.failed {
			if f.code != noSpace || !strings.Contains(f.text, "no space left on disk") {
				t.Errorf("%s: code %d: %s", name, f.code, f.text)
			}
		}
		missing := files.right(t, disk)
		if o.status == 0 || len(missing) == 0 || len(missing) != len(o.failed) {
			t.Errorf("status %d, missing %v, failed %v", o.status, missing, o.failed)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		n.send(t, ask{relay: r}, from, "/").succeeds(t)
		files.complete(t, disk)
		n.leaksNothing(t)
	})
}

// full makes files and a node that serves a disk of a size. The disk is the node's alone and goes with it.
func full(t *testing.T, files tree, size string) (from string, n *node, disk string, r *relay) {
	t.Helper()
	dir := folder(t)
	from, disk = filepath.Join(dir, "from"), filepath.Join(dir, "disk")
	files.write(t, from)
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`mount -t tmpfs -o size=%s none %s && exec "$0" "$@"`, size, disk)
	n = startNode(t, here, "127.0.0.1", disk, "unshare", "-m", "--propagation", "private", "sh", "-c", script)
	return from, n, filepath.Join("/proc", fmt.Sprint(n.process.Pid()), "root", disk), newRelay(t, n)
}

// fill writes a file until the disk is full and returns its name, which is one that a transfer does not look at.
func fill(t *testing.T, disk string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "ballast.partial"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for {
		_, err := f.Write(block)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			return f.Name()
		case err != nil:
			t.Fatal(err)
		}
	}
}
