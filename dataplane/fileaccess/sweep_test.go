package fileaccess_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// What is gone is swept, whoever removed it, and what is only out of reach is not.
func TestSweepForgetsWhatIsGone(t *testing.T) {
	one, other := nodes(t)
	one.write(t, "/keep/f")
	kept := one.id(t, "/keep/f")
	before := one.count(t)
	one.write(t, "/st/x/stays")
	for i := range 300 {
		one.write(t, fmt.Sprintf("/st/d/%d", i))
		one.write(t, fmt.Sprintf("/st/e/%d/f", i%10))
	}
	for _, folder := range []string{"/st", "/st/d", "/st/e", "/st/x", "/st/e/1", "/st/e/2"} {
		one.list(t, folder)
	}
	if err := one.Remove(t.Context(), "/st/d", func() error { return one.root.RemoveAll("/st/d") }); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(one.dir, "st/e")); err != nil { // behind the back
		t.Fatal(err)
	}
	sweep(t, other)
	sweep(t, one)
	if got := one.count(t) - before; got != 3 { // st, st/x and what stays
		t.Errorf("%d ids are left of what was made", got)
	}
	// A storage that is not mounted: its folder is there, and is another.
	stays := one.id(t, "/st/x/stays")
	one.behind(t, "/st", "/hidden")
	if err := os.Mkdir(filepath.Join(one.dir, "st"), 0o755); err != nil {
		t.Fatal(err)
	}
	sweep(t, other)
	if err := os.Remove(filepath.Join(one.dir, "st")); err != nil {
		t.Fatal(err)
	}
	one.behind(t, "/hidden", "/st")
	one.leads(t, "after the storage is back", "/", map[string]string{stays: "/st/x/stays", kept: "/keep/f"})
}

// node-48: 100,000 files that were made, listed and deleted leave no rows, whoever deleted them.
func TestSweepAfterManyFiles(t *testing.T) {
	one, other := nodes(t)
	one.write(t, "/k/stays/f")
	one.list(t, "/k/stays")
	before := one.count(t)
	const folders, each = 10, 10_000
	for f := range folders {
		folder := filepath.Join(one.dir, fmt.Sprintf("k/%d", f))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		one.list(t, fmt.Sprintf("/k/%d", f))
	}
	if got := one.count(t); got < before+folders*each {
		t.Fatalf("%d ids were given out", got-before)
	}
	for f := range folders {
		name := fmt.Sprintf("k/%d", f)
		folder := filepath.Join(one.dir, name)
		var err error
		switch f % 3 {
		case 0: // by the node
			err = one.Remove(t.Context(), "/"+name, func() error { return one.root.RemoveAll("/" + name) })
		case 1: // behind its back
			err = os.RemoveAll(folder)
		default: // the files alone
			if err = os.RemoveAll(folder); err == nil {
				err = os.Mkdir(folder, 0o755)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	emptied := filepath.Join(one.dir, "k/stays")
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(emptied, fmt.Sprint(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one.list(t, "/k/stays")
	for i := range 1000 {
		if err := os.Remove(filepath.Join(emptied, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	sweep(t, other)
	if got := one.count(t); got != before {
		t.Errorf("the table has %d rows, and had %d before", got, before)
	}
}

func sweep(t *testing.T, n *node) {
	t.Helper()
	for last := uint64(0); ; {
		var err error
		if last, err = n.SweepFrom(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		if last == 0 {
			break
		}
	}
	if _, err := n.SweepFrom(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}

func (n *node) count(t *testing.T) int {
	t.Helper()
	all := 0
	for last := uint64(0); ; {
		some, err := n.store.ObjectsAfter(t.Context(), last, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return all
		}
		all, last = all+len(some), some[len(some)-1].ID
	}
}
