package transfer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// A file gets its name only if what has that of its partial file is what was written.
func TestReplacedPartialFileIsNotDelivered(t *testing.T) {
	const size = 12 << 20
	for name, replace := range map[string]func(partial string) error{
		"by another": func(p string) error {
			return errors.Join(os.Remove(p),
				os.WriteFile(p, make([]byte, size), 0o644))
		},
		"removed":                 os.Remove,
		"it is renamed elsewhere": func(p string) error { return os.Rename(p, p+".away") },
		"nothing happens to it":   func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Checksum: ChecksumMD5}}
			content := noise(1, size)
			write(t, filepath.Join(x.from, "f"), content)
			x.between = func(off int64) {
				if off >= 8<<20 && off < 9<<20 {
					if err := replace(filepath.Join(x.to, "f.partial")); err != nil {
						t.Error(err)
					}
				}
			}
			x.do(t)
			got, err := os.ReadFile(filepath.Join(x.to, "f"))
			if err == nil && !bytes.Equal(got, content) {
				t.Error("what is delivered is not what was sent")
			}
			if failed := x.events["f"].Err != nil; failed != (err != nil) || failed == (name == "nothing happens to it") {
				t.Errorf("the file: %v, it is there: %v", x.events["f"].Err, err == nil)
			}
		})
	}
}

// Nor is a partial file made a second time, when it is gone after it was closed for a while: it would
// hold zeros where it was written.
func TestPartialFileIsMadeOnce(t *testing.T) {
	root, err := storage.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	a, b := pipe()
	defer a.Close()
	r := newReceiver(newConn(b), root, nil, control.Options{})
	f := &gotFile{entry: control.Entry{Path: "f", Size: 2 << 20}, target: "f"}
	f.local = unfinished.New(root, f.target, r.source(f))
	f.draft = &f.local
	for _, wrong := range []bool{false, false, true} {
		if wrong {
			if err := root.Remove("f.partial"); err != nil {
				t.Fatal(err)
			}
		}
		file, err := r.openPartial(f)
		if err == nil {
			file.Close()
		}
		if (err != nil) != wrong {
			t.Errorf("removed: %v, error: %v", wrong, err)
		}
	}
}
