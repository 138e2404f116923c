package unfinished

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
)

const size = 3*chunk.Size + 5

func folder(t *testing.T) (*storage.Root, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root, dir
}

func put(t *testing.T, p string, content []byte) {
	t.Helper()
	if err := os.WriteFile(p, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// begin writes and journals some chunks of a file.
func begin(t *testing.T, d *Draft, content []byte, chunks ...int64) {
	t.Helper()
	f, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hashes := chunk.NewHashes(d.source.Size)
	for _, i := range chunks {
		g := chunk.At(i, d.source.Size)
		b := content[g.Offset:g.End()]
		if _, err := f.WriteAt(b, g.Offset); err != nil {
			t.Fatal(err)
		}
		if err := d.Append(i, chunk.Hash(b), &hashes, chunk.Set{{Length: d.source.Size}}); err != nil {
			t.Fatal(err)
		}
		hashes.Set(i, chunk.Hash(b))
	}
	d.CloseJournal()
}

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func filled(seed byte) []byte { return bytes.Repeat([]byte{seed}, size) }

func TestDraftIsFoundAndCommitted(t *testing.T) {
	for name, target := range map[string]string{"visible": "f", "reserved": string(bytes.Repeat([]byte("n"), 255))} {
		t.Run(name, func(t *testing.T) {
			root, dir := folder(t)
			source := Source{Name: target, Size: size, ModTime: 7}
			first := New(root, target, source)
			begin(t, &first, filled(1), 0, 2)

			other := New(root, target, Source{Name: target, Size: size, ModTime: 8})
			if chunks := other.Find(); chunks != nil {
				t.Errorf("chunks of another source are believed: %v", chunks)
			}
			again := New(root, target, source)
			if chunks := again.Find(); len(chunks) != 2 || chunks[2] != chunk.Hash(filled(1)[:chunk.Size]) {
				t.Errorf("found %v", chunks)
			}
			begin(t, &again, filled(1), 1, 3)
			if err := again.Commit(); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(dir, target))
			if left := names(t, dir); err != nil || !bytes.Equal(got, filled(1)) || len(left) != 1 {
				t.Errorf("%v, left: %v", err, left)
			}
		})
	}
}

// TestDraftOpensOnlyItsOwn puts something else in the place of each file of a draft that is being written.
func TestDraftOpensOnlyItsOwn(t *testing.T) {
	for kind, place := range map[string]func(p, victim string) error{
		"a link":        func(p, victim string) error { return os.Symlink(victim, p) },
		"a second name": func(p, victim string) error { return os.Link(victim, p) },
		"a pipe":        func(p, _ string) error { return syscall.Mkfifo(p, 0o600) },
		"a file":        func(p, _ string) error { return os.WriteFile(p, []byte("own"), 0o600) },
		"a folder":      func(p, _ string) error { return os.Mkdir(p, 0o700) },
	} {
		t.Run(kind, func(t *testing.T) {
			root, dir := folder(t)
			victim := filepath.Join(t.TempDir(), "victim")
			put(t, victim, filled(9))
			d := New(root, "f", Source{Name: "f", Size: size})
			begin(t, &d, filled(1), 0)
			for _, name := range []string{d.partial(), d.journal()} {
				p := filepath.Join(dir, name)
				if err := os.Rename(p, filepath.Join(filepath.Dir(victim), name)); err != nil { // Its inode is not used again.
					t.Fatal(err)
				}
				if err := place(p, victim); err != nil {
					t.Fatal(err)
				}
			}
			hashes := chunk.NewHashes(size)
			if f, err := d.Open(); err == nil {
				f.Close()
				t.Error("it is opened")
			}
			if err := d.Append(1, [16]byte{}, &hashes, nil); err == nil {
				t.Error("it is journaled into")
			}
			if err := errors.Join(d.Check(), d.Commit()); err == nil {
				t.Error("it gets the file's name")
			}
			_ = d.Remove()
			if got := names(t, dir); len(got) != 2 {
				t.Errorf("only %v are left", got)
			}
			if got, _ := os.ReadFile(victim); !bytes.Equal(got, filled(9)) {
				t.Error("what is elsewhere is changed")
			}
		})
	}
}

// TestDraftLosesNothing has files of users under the names of drafts, with and without a journal beside them.
func TestDraftLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		begun bool // a draft was begun before
		own   []byte
	}{
		"no draft":                         {own: filled(5)},
		"no draft, empty":                  {own: nil},
		"in place of a draft":              {begun: true, own: filled(5)},
		"in place of a draft, short":       {begun: true, own: []byte("short")},
		"in place of a draft, longer":      {begun: true, own: append(filled(5), filled(5)...)},
		"in place of a draft, zeros first": {begun: true, own: append(make([]byte, chunk.Size), filled(5)...)},
	} {
		t.Run(name, func(t *testing.T) {
			root, dir := folder(t)
			source := Source{Name: "f", Size: size}
			if c.begun {
				d := New(root, "f", source)
				begin(t, &d, filled(1), 0, 1)
			}
			put(t, filepath.Join(dir, "f.partial"), c.own)
			d := New(root, "f", source)
			if chunks := d.Find(); len(chunks) != 0 {
				t.Errorf("believed: %v", chunks)
			}
			if err := d.Remove(); err != nil {
				t.Error(err)
			}
			begin(t, &d, filled(1), 0, 1, 2, 3)
			if err := d.Commit(); err != nil {
				t.Error(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, "f.partial")); err != nil || !bytes.Equal(got, c.own) {
				t.Errorf("the user's file is another: %v", err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || !bytes.Equal(got, filled(1)) {
				t.Errorf("the file is another: %v", err)
			}
			if left := names(t, dir); len(left) != 2 {
				t.Errorf("there are %v", left)
			}
		})
	}
}

// What a crash has lost of a draft makes it nobody else's: it is continued or replaced, and nothing stays behind.
func TestDraftIsItsOwnAfterACrash(t *testing.T) {
	for name, lose := range map[string]func(p string) error{
		"all of it":      func(p string) error { return os.Truncate(p, 0) },
		"the content":    func(p string) error { return os.WriteFile(p, make([]byte, size), 0o600) },
		"the last chunk": func(p string) error { return os.Truncate(p, chunk.Size) },
		"the file":       os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			root, dir := folder(t)
			source := Source{Name: "f", Size: size}
			d := New(root, "f", source)
			begin(t, &d, filled(1), 0, 1)
			if err := lose(filepath.Join(dir, "f.partial")); err != nil {
				t.Fatal(err)
			}
			again := New(root, "f", source)
			again.Find()
			if err := again.Remove(); err != nil {
				t.Fatal(err)
			}
			begin(t, &again, filled(1), 0, 1, 2, 3)
			if err := again.Commit(); err != nil {
				t.Fatal(err)
			}
			if left := names(t, dir); len(left) != 1 {
				t.Errorf("left: %v", left)
			}
		})
	}
}
