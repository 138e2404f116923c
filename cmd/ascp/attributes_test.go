package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/dataplane/storage"
)

// TestAttributesGoThereAndBack sends a folder with a link, an extended attribute, an old access time and a sparse file
// to a node and receives it again.
func TestAttributesGoThereAndBack(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, back := t.TempDir(), t.TempDir()
	writeFiles(t, from, map[string][]byte{"d/f": []byte("x")})
	const size = 256 << 30
	f, err := os.OpenFile(filepath.Join(from, "d/f"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	piece := noise(1, 3<<20)
	if _, err := f.WriteAt(piece, size/2+1); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if err := storage.SetXattr(f, storage.Xattr{Name: "user.note", Value: []byte("n")}); err != nil {
		t.Fatal(err)
	}
	accessed := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := os.Chtimes(f.Name(), accessed, accessed.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("f", filepath.Join(from, "d/l")); err != nil {
		t.Fatal(err)
	}
	keep := []string{"-d", "-p", "--preserve-access-time", "--preserve-xattrs=native", "--preserve-acls=native",
		"--symbolic-links=copy"}
	if storage.MayChown() {
		keep = append(keep, "--preserve-file-owner-uid", "--preserve-file-owner-gid")
		if err := f.Chown(12345, 23456); err != nil {
			t.Fatal(err)
		}
	}
	if status := n.ascp(t, n.sending(t, "/in"), append(keep, filepath.Join(from, "d"), "127.0.0.1:/in")...); status != 0 {
		t.Fatalf("send: status %d", status)
	}
	if status := n.ascp(t, n.receiving(t, "/in"), append(keep, "127.0.0.1:/in/d", back)...); status != 0 {
		t.Fatalf("receive: status %d", status)
	}
	if text, err := os.Readlink(filepath.Join(back, "d/l")); text != "f" {
		t.Errorf("link %q, %v", text, err)
	}
	got, err := os.Open(filepath.Join(back, "d/f"))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	info, err := got.Stat()
	if err != nil {
		t.Fatal(err)
	}
	want, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := storage.Owner(info)
	if u, g := storage.Owner(want); uid != u || gid != g {
		t.Errorf("it belongs to %d:%d, want %d:%d", uid, gid, u, g)
	}
	if info.Size() != size || !info.ModTime().Equal(want.ModTime()) || storage.AccessTime(info) != accessed.UnixNano() {
		t.Errorf("%d bytes, changed %v, accessed %v", info.Size(), info.ModTime(),
			time.Unix(0, storage.AccessTime(info)).UTC())
	}
	list, err := storage.Xattrs(got, func(name string) bool { return name == "user.note" })
	if err != nil || len(list) != 1 || string(list[0].Value) != "n" {
		t.Errorf("extended attributes %v, %v", list, err)
	}
	parts, err := storage.Extents(got, size, 100)
	var data int64
	for _, p := range parts {
		data += p.Length
	}
	if err != nil || data > 6<<20 {
		t.Errorf("parts with data %v, %v", parts, err)
	}
	read := make([]byte, len(piece))
	if _, err := got.ReadAt(read, size/2+1); err != nil || string(read) != string(piece) {
		t.Errorf("content differs, %v", err)
	}
}
