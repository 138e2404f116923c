package robust

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const permissionDenied = 5

// TestSourceFails takes files away from the sender, or changes them, while it reads. The session goes on, what can't be
// delivered is reported, and no file arrives that never was.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, upload bool) {
		dir := folder(t)
		from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
		before := mixed(7, 4<<20, 60)
		for _, name := range []string{"steady", "x-removed", "x-rewritten", "x-shorter", "x-longer", "x-denied",
			"x-denied-folder/f"} {
			before[name] = noise(uint64(len(name)), 6<<20)
		}
		before.write(t, from)
		for name, mode := range map[string]os.FileMode{"x-denied": 0, "x-denied-folder": 0} {
			if err := os.Chmod(filepath.Join(from, name), mode); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(to, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(to, 0o777); err != nil {
			t.Fatal(err)
		}
		// Nothing is refused to root. A change of user would have the process outlive this one.
		nobody := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--pdeathsig=KILL"}
		a := ask{flags: []string{"-l", "150M"}}
		var n *node
		if upload {
			n, a.before = startNode(t, here, "127.0.0.1", to), nobody
		} else {
			n = startNode(t, here, "127.0.0.1", from, nobody...)
		}
		a.relay = newRelay(t, n)
		run := func() *client {
			if upload {
				return n.send(t, a, from, "/")
			}
			return n.receive(t, a, "/", to)
		}
		underway := a.relay.after(3 << 20)
		c := run()
		c.reaches(t, underway)
		after := tree{}
		for name, content := range before {
			after[name] = content
		}
		delete(after, "x-removed")
		after["x-rewritten"] = noise(99, 6<<20)
		after["x-shorter"] = before["x-shorter"][:2<<20]
		after["x-longer"] = append(bytes.Clone(before["x-longer"]), "more"...)
		change(t, from, after)
		o := c.wait(t)
		if o.status == 0 {
			t.Error("ascp reports success")
		}
		for _, name := range []string{"x-denied", "x-denied-folder"} {
			if f := o.failed[name]; f.code != permissionDenied {
				t.Errorf("%s: %v", name, f)
			}
		}
		for name := range before {
			got, err := os.ReadFile(filepath.Join(to, name))
			_, failed := o.failed[name]
			switch {
			case name == "x-denied-folder/f":
			case err != nil && !failed:
				t.Errorf("%s is missing and was not reported", name)
			case err == nil && failed:
				t.Errorf("%s is there and was reported as failed: %v", name, o.failed[name])
			case err == nil && !bytes.Equal(got, before[name]) && !bytes.Equal(got, after[name]):
				t.Errorf("%s is there and is neither what it was nor what it became", name)
			case failed && name[0] != 'x':
				t.Errorf("%s: %v", name, o.failed[name])
			}
		}
		for _, name := range []string{"x-denied", "x-denied-folder"} {
			if err := os.Chmod(filepath.Join(from, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if _, failed := o.failed["x-removed"]; !failed { // It had been opened before it was removed.
			after["x-removed"] = before["x-removed"]
		}
		run().succeeds(t)
		after.complete(t, to)
		n.leaksNothing(t)
	})
}

// change does what programs do to files that somebody reads.
func change(t *testing.T, from string, after tree) {
	t.Helper()
	name := func(n string) string { return filepath.Join(from, n) }
	now := time.Now()
	for _, err := range []error{
		os.Remove(name("x-removed")),
		os.WriteFile(name("x-rewritten"), after["x-rewritten"], 0o644),
		os.Truncate(name("x-shorter"), int64(len(after["x-shorter"]))),
		os.WriteFile(name("x-longer"), after["x-longer"], 0o644),
		os.Chtimes(name("x-rewritten"), now, now),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}
