package transfer

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"github.com/google/go-cmp/cmp"
)

func TestFileErrors(t *testing.T) {
	root, err := storage.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := root.Symlink("..", "/up"); err != nil {
		t.Fatal(err)
	}
	_, outside := root.Stat("/up/x")
	for _, c := range []struct {
		err  error
		code fail.Code
		text string
	}{
		{&fs.PathError{Op: "open", Path: "/secret/place", Err: syscall.EACCES}, fail.Permission, "f: permission denied"},
		{&fs.PathError{Op: "open", Path: "/secret/place", Err: syscall.ENOENT}, fail.NoSuchFile, "f: no such file or folder"},
		{syscall.ENOSPC, fail.NoSpace, "f: no space left on disk"},
		{syscall.EDQUOT, fail.NoSpace, "f: no space left on disk"},
		{syscall.EROFS, fail.ReadOnly, "f: read-only file system"},
		{syscall.EIO, fail.DiskWrite, "f: input/output error"},
		{outside, fail.BadPath, "f: path leads outside of the permitted folder"},
		{fail.New(fail.LinkLoop, "as it is"), fail.LinkLoop, "as it is"},
	} {
		got := fail.File("f", c.err, fail.DiskWrite)
		if got.Code != c.code || got.Text != c.text {
			t.Errorf("%v: %d %q, want %d %q", c.err, got.Code, got.Text, c.code, c.text)
		}
	}
}

func TestReceiverTakesLongNames(t *testing.T) {
	long := string(bytes.Repeat([]byte("n"), 255))
	x := run{from: t.TempDir(), to: t.TempDir()}
	write(t, filepath.Join(x.from, long), noise(1, 3<<20))
	x.mustDo(t)
	if diff := cmp.Diff(tree(t, x.from), tree(t, x.to)); diff != "" {
		t.Error(diff)
	}
}

func TestNormalize(t *testing.T) {
	o, err := Normalize(control.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := control.Options{Resume: "sparse_csum", Overwrite: "diff", Symlinks: "follow", Xattrs: "none", ACLs: "none",
		Checksum: "none",
		Cipher:   "aes-128-gcm", RatePolicy: "fair"}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []control.Options{{Cipher: "rot13"}, {Resume: "x"}, {Overwrite: "x"}, {TargetKbps: -1},
		{RatePolicy: "fixed"}, {Xattrs: "metafile"}, {ACLs: "x"}} {
		var e *fail.Error
		if _, err := Normalize(bad); !errors.As(err, &e) || e.Code != fail.Usage {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestHandlesAreBounded(t *testing.T) {
	dir := t.TempDir()
	opened := 0
	h := newHandles(2, func(key uint64) (*os.File, error) {
		opened++
		return os.Create(filepath.Join(dir, string(rune('a'+key))))
	})
	for _, key := range []uint64{0, 1, 2, 1, 2, 0} {
		if err := h.use(key, func(*os.File) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if opened != 4 || len(h.files) != 2 {
		t.Errorf("%d opened, %d open", opened, len(h.files))
	}
	h.closeAll()
	if len(h.files) != 0 {
		t.Errorf("%d open at the end", len(h.files))
	}
}

// Of two files of which one has the name of the other's partial file, one has to wait for another transfer.
func TestUnfinishedFormOfAnother(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	write(t, filepath.Join(x.from, "x"), []byte("1"))
	write(t, filepath.Join(x.from, "x.partial"), []byte("2"))
	x.do(t)
	if e := x.events["x.partial"].Err; e == nil || !strings.Contains(e.Text, "unfinished form of x,") {
		t.Errorf("got %v", e)
	}
	if b, err := os.ReadFile(filepath.Join(x.to, "x")); err != nil || string(b) != "1" || len(tree(t, x.to)) != 1 {
		t.Errorf("x is %q", b)
	}
}
