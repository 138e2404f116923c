package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"golang.org/x/sys/unix"
)

// A source that is another one than was sent stays, as does what failed.
func TestRemovalLeavesWhatHasChanged(t *testing.T) {
	dir := t.TempDir()
	root, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	at := time.Unix(1_700_000_000, 5)
	event := func(name string) FileEvent {
		p := filepath.Join(dir, name)
		write(t, p, []byte("12345"))
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
		return FileEvent{Path: name, Target: "/" + name, ModTime: at.UnixNano(), PlainSize: 5}
	}
	r := &removal{root: root, options: control.Options{RemoveSources: true}}
	same, longer, later, failed, kept := event("same"), event("longer"), event("later"), event("failed"), event("kept")
	longer.PlainSize, later.ModTime, failed.Err, kept.Skipped = 4, later.ModTime+1, fail.New(fail.DiskWrite, "x"), true
	folder, pipe := event("now a folder"), event("now a pipe")
	for name, replace := range map[string]func(p string) error{
		folder.Path: func(p string) error { return os.Mkdir(p, 0o755) },
		pipe.Path:   func(p string) error { return unix.Mkfifo(p, 0o600) },
	} {
		p := filepath.Join(dir, name)
		if err := errors.Join(os.Remove(p), replace(p)); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []FileEvent{same, longer, later, failed, kept, folder, pipe, {Path: "gone", Target: "/gone"}} {
		r.sent(e)
	}
	entries, err := os.ReadDir(dir)
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got := strings.Join(left, ", "); err != nil || got != "failed, kept, later, longer, now a folder, now a pipe" {
		t.Errorf("left are %s (%v)", got, err)
	}
	if err := r.finish(nil, true); err == nil || !strings.Contains(err.Error(), "5 of the files, the first: longer") {
		t.Errorf("at the end: %v", err)
	}
}
