package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/storage"
)

// open makes a root with a file, in a folder with another file that must stay out of reach.
func open(t *testing.T) (r *storage.Root, dir string) {
	t.Helper()
	outside := t.TempDir()
	dir = filepath.Join(outside, "root")
	for path, text := range map[string]string{filepath.Join(outside, "secret"): "secret",
		filepath.Join(dir, "a", "f"): "inside"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, dir
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"": "/", ".": "/", "/": "/", "a": "/a", "/a/": "/a", "a//b/./c": "/a/b/c", "../../a": "/a", "/a/../../b": "/b",
		"a/..": "/", "ü b": "/ü b",
		`a\..\b`: `/a\..\b`,
	} {
		if got, err := storage.Clean(in); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	for name, in := range map[string]string{
		"NUL": "a\x00b", "not UTF-8": "a\xff", "long name": strings.Repeat("x", 256),
		"long path": strings.Repeat("/xxxxxxx", 600),
	} {
		if got, err := storage.Clean(in); !errors.Is(err, storage.ErrBadPath) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func FuzzCleanStaysInside(f *testing.F) {
	for _, s := range []string{"", "..", "/../x", "a/../../..", "a/b\x00", "\xff", "/./."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean, err := storage.Clean(s)
		if err != nil {
			return
		}
		if again, err := storage.Clean(clean); err != nil || again != clean {
			t.Errorf("%q becomes %q, then %q (%v)", s, clean, again, err)
		}
		if clean[0] != '/' || clean != "/" && !filepath.IsLocal(clean[1:]) {
			t.Errorf("%q becomes %q", s, clean)
		}
	})
}

func TestNothingOutsideIsReached(t *testing.T) {
	r, dir := open(t)
	for link, target := range map[string]string{"up": "..", "file": "../secret", "absolute": filepath.Dir(dir),
		"a/deep": "../../secret"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s is possible", what)
		}
	}
	for _, p := range []string{"up/secret", "file", "absolute/secret", "a/deep", "a/../../secret/../up/secret"} {
		f, err := r.Open(p)
		refused("open "+p, err)
		if err == nil {
			f.Close()
		}
		_, err = r.Stat(p)
		refused("stat "+p, err)
		f, err = r.OpenFile(p, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
		refused("write "+p, err)
		if err == nil {
			f.Close()
		}
	}
	refused("list through a link", func() error { _, err := r.ReadDir("up"); return err }())
	refused("sub through a link", func() error { _, err := r.Granted("up"); return err }())
	refused("make a folder through a link", r.MkdirAll("up/new/deep", 0o755))
	refused("rename out", r.Rename("a/f", "up/f"))
	refused("rename in", r.Rename("up/secret", "a/secret"))
	refused("remove through a link", r.Remove("up/secret"))
	refused("remove all through a link", r.RemoveAll("up/secret"))
	if text, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "secret")); err != nil || string(text) != "secret" {
		t.Errorf("the file outside is now %q, %v", text, err)
	}
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(entries) != 2 {
		t.Errorf("outside there are now %v, %v", entries, err)
	}
}

func TestRootCannotBeRemovedOrRenamed(t *testing.T) {
	r, _ := open(t)
	for name, err := range map[string]error{
		"remove": r.Remove("/"), "remove all": r.RemoveAll("a/.."), "rename": r.Rename("/", "b"),
		"rename onto": r.Rename("a", "."),
		"symlink":     r.Symlink("a", ""),
	} {
		if !errors.Is(err, storage.ErrIsRoot) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFilesAndFolders(t *testing.T) {
	r, _ := open(t)
	if err := r.MkdirAll("/b/c d/ü", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.Mkdir("b", 0o755); !errors.Is(err, fs.ErrExist) {
		t.Errorf("mkdir of what is there: %v", err)
	}
	if err := r.Rename("a/f", "/b/g"); err != nil {
		t.Fatal(err)
	}
	if err := r.Symlink("g", "b/link"); err != nil {
		t.Fatal(err)
	}
	sub, err := r.Granted("b")
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	entries, err := sub.ReadDir("/")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"c d", "g", "link"}, names); diff != "" {
		t.Error(diff)
	}
	if info, err := sub.Following().Stat("link"); err != nil || info.Size() != 6 {
		t.Errorf("through the link: %v", err)
	}
	if _, err := sub.Stat("link"); !errors.Is(err, storage.ErrLink) {
		t.Errorf("a granted root follows a link: %v", err)
	}
	if info, err := sub.Lstat("link"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link: %v", err)
	}
	if target, err := sub.Readlink("link"); err != nil || target != "g" {
		t.Errorf("readlink: %q, %v", target, err)
	}
	if err := sub.Remove("c d"); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Errorf("remove of a full folder: %v", err)
	}
	if err := errors.Join(sub.RemoveAll("c d"), sub.RemoveAll("c d")); err != nil {
		t.Error(err)
	}
	if _, err := sub.Granted("g"); err == nil {
		t.Error("a file is a root")
	}
	if space, err := sub.Space("/"); err != nil || space.Total < space.Free || space.Free <= 0 {
		t.Errorf("space: %+v, %v", space, err)
	}
}
