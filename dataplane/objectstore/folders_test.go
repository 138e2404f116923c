package objectstore_test

import (
	"io/fs"
	"testing"
)

// node-114: a folder is there when it was made empty, or by what others put beneath its name, until it is removed. Names
// of objects that no path has come through a rename as they are, and a path is the same however it is written.
func TestFoldersOfObjects(t *testing.T) {
	s := startS3(t)
	p := place{Tree: s.tree(t, "/top")}
	must(t, p.Mkdir("/made", 0o755))
	p.has(t, "/", "made/")
	s.Put(t, "top/implied/deep/child", "1")
	p.has(t, "/", "implied/", "made/")
	p.has(t, "/implied", "deep/")
	must(t, p.Remove("/implied/deep/child"))
	p.has(t, "/implied/deep")
	must(t, p.Remove("/implied/deep"))
	must(t, p.Remove("/implied"))
	must(t, p.Remove("/made"))
	p.has(t, "/")
	_, err := p.Lstat("/made")
	isErr(t, "a folder that was removed", err, fs.ErrNotExist)

	objects := map[string]string{"with:colon": "1", "a//b": "2", "slash/": "3", "//": "4", "deep/c:d//e/": "5", "f": "6"}
	for name, content := range objects {
		s.Put(t, "top/names/"+name, content)
	}
	p.has(t, "/names", "a/", "deep/", "f", "slash/", "with:colon")
	must(t, p.Rename("/names", "/renamed"))
	must(t, p.Rename("/renamed", "/names"))
	for name, content := range objects {
		if got := s.Content(t, "top/names/"+name); got != content {
			t.Errorf("%q holds %q after the way there and back, it was %q", name, got, content)
		}
	}
	if left := s.Objects(t, "top/renamed"); len(left) > 0 {
		t.Errorf("of the folder is left %q", left)
	}
	must(t, p.Mkdir("/new/", 0o755))
	must(t, p.Create("//new//x:y", []byte("x"), 0o644))
	for _, name := range []string{"/new/x:y", "new/x:y/", "//new///x:y"} {
		if got := p.read(t, name); got != "x" {
			t.Errorf("%q holds %q", name, got)
		}
	}
}
