package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/dataplane/storage"
)

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	root, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.Mkdir("/in", 0o755); err != nil {
		t.Fatal(err)
	}
	folder, err := root.Folder("/in")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	then := time.Date(2020, 2, 3, 4, 5, 6, 700, time.UTC)
	if err := root.Symlink("../outside", "/in/a.partial"); err != nil { // It is replaced, not followed.
		t.Fatal(err)
	}
	for _, content := range []string{"first", "second"} {
		if err := folder.Make("a.partial", []byte(content),
			storage.Attributes{Mode: 0o751, SetMode: true, ModTime: then}); err != nil {
			t.Fatal(err)
		}
		if err := folder.Rename("a.partial", "a"); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "in", "a")); string(got) != content {
			t.Errorf("content %q, want %q", got, content)
		}
	}
	info, err := os.Lstat(filepath.Join(dir, "in", "a"))
	if err != nil || info.Mode() != 0o751 || !info.ModTime().Equal(then) {
		t.Errorf("%v %v", info, err)
	}
	for _, name := range []string{"", ".", "..", "../x", "a/b", "x\x00"} {
		if err := folder.Make(name, nil, storage.Attributes{}); !errors.Is(err, storage.ErrBadPath) {
			t.Errorf("make %q: %v", name, err)
		}
		if err := folder.Rename("a", name); !errors.Is(err, storage.ErrBadPath) {
			t.Errorf("rename to %q: %v", name, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("outside of the folder: %v", entries)
	}
}
