package transfer

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// Pipes and sockets stand for devices, too: to make one takes rights that tests do not have.
func TestReceiverNeverReplacesDevicesPipesAndSockets(t *testing.T) {
	for name, make := range map[string]func(p string) error{
		"pipe": func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"socket": func(p string) error {
			l, err := net.Listen("unix", p)
			if err == nil {
				l.(*net.UnixListener).SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		},
	} {
		for entry, put := range map[string]func(p string){
			"small file": func(p string) { write(t, p, noise(1, 10)) },
			"empty file": func(p string) { write(t, p, nil) },
			"large file": func(p string) { write(t, p, noise(1, 3<<20)) },
			"link": func(p string) {
				if err := os.Symlink("elsewhere", p); err != nil {
					t.Fatal(err)
				}
			},
		} {
			for _, overwrite := range []string{manifest.OverwriteDiff, manifest.OverwriteAlways} {
				x := run{from: t.TempDir(), to: shortDir(t), options: control.Options{Overwrite: overwrite,
					Symlinks: manifest.SymlinksForce}}
				p := filepath.Join(x.to, "x")
				if err := make(p); err != nil {
					t.Fatal(err)
				}
				put(filepath.Join(x.from, "x"))
				before := fingerprint(t, p)
				if _, got := x.do(t); got == nil {
					t.Errorf("%s over a %s, %s: no failure", entry, name, overwrite)
				}
				if e := x.events["x"].Err; e == nil || e.Code != fail.NotRegular {
					t.Errorf("%s over a %s, %s: %v", entry, name, overwrite, e)
				}
				if fingerprint(t, p) != before {
					t.Errorf("%s: the %s was replaced", entry, name)
				}
			}
		}
	}
}

// shortDir is a folder whose path leaves room for the name of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A source that was edited in place after it was sent is newer than its copy, and differs in one chunk of many.
func TestReceiverComparesAllOfANewerSource(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	content := noise(3, 40<<20)
	p := filepath.Join(x.from, "f")
	for i := range 2 {
		write(t, p, content)
		x.mustDo(t)
		if got, err := os.ReadFile(filepath.Join(x.to, "f")); err != nil || string(got) != string(content) {
			t.Fatalf("transfer %d: the copy differs (%v)", i+1, err)
		}
		copy(content[20500000:], "EDITED")
		later := time.Now().Add(time.Duration(i+1) * time.Second)
		if err := errors.Join(os.WriteFile(p, content, 0o644), os.Chtimes(p, later, later)); err != nil {
			t.Fatal(err)
		}
	}
	x.mustDo(t)
	if got, err := os.ReadFile(filepath.Join(x.to, "f")); err != nil || string(got) != string(content) {
		t.Error("the copy of the newer source differs")
	}
}

// folding is a storage that takes upper and lower case for one, as SMB shares do.
type folding struct{ *storage.Root }

var low = strings.ToLower

func (f folding) Lstat(p string) (fs.FileInfo, error)        { return f.Root.Lstat(low(p)) }
func (f folding) Stat(p string) (fs.FileInfo, error)         { return f.Root.Stat(low(p)) }
func (f folding) Open(p string) (*os.File, error)            { return f.Root.Open(low(p)) }
func (f folding) Mkdir(p string, perm fs.FileMode) error     { return f.Root.Mkdir(low(p), perm) }
func (f folding) Rename(a, b string) error                   { return f.Root.Rename(low(a), low(b)) }
func (f folding) Remove(p string) error                      { return f.Root.Remove(low(p)) }
func (f folding) Symlink(text, p string) error               { return f.Root.Symlink(text, low(p)) }
func (f folding) ReadDir(p string) ([]fs.DirEntry, error)    { return f.Root.ReadDir(low(p)) }
func (f folding) OpenContent(p string) (storage.File, error) { return f.Root.OpenContent(low(p)) }
func (f folding) OpenOwn(p string, flag int, perm fs.FileMode) (*os.File, error) {
	return f.Root.OpenOwn(low(p), flag, perm)
}
func (f folding) OpenForContent(p string, size int64) (storage.File, error) {
	return f.Root.OpenForContent(low(p), size)
}

func TestReceiverRefusesNamesThatDifferInCaseOnlyWhereTheStorageTakesThemForOne(t *testing.T) {
	names := []string{"README", "readme", "dir/Data", "Dir/data", "other"}
	for _, folds := range []bool{false, true} {
		x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Checksum: ChecksumMD5}}
		for i, name := range names {
			write(t, filepath.Join(x.from, name), noise(uint64(i), 10+i*2<<20))
		}
		if folds {
			x.target = func(r *storage.Root) TargetTree { return folding{r} }
		}
		_, got := x.do(t)
		refused := 0
		for _, e := range x.events {
			if e.Err == nil {
				continue
			}
			refused++
			if e.Err.Code != fail.AlreadyExists || !strings.Contains(e.Err.Text, "has the same name as") {
				t.Errorf("%s: %v", e.Path, e.Err)
			}
		}
		if want := map[bool]int{true: 2}[folds]; refused != want || (got != nil) != folds {
			t.Errorf("folding %v: %d refused, %v", folds, refused, got)
		}
		if !folds {
			continue
		}
		if e := x.events["readme"].Err; e == nil || !strings.Contains(e.Text, "README") &&
			!strings.Contains(e.Text, "readme") {
			t.Errorf("readme: %v", e)
		}
		// What was there first is whole.
		for i, name := range names {
			if name != "README" && name != "Dir/data" {
				continue
			}
			got, err := os.ReadFile(filepath.Join(x.to, low(name)))
			if err != nil || string(got) != string(noise(uint64(i), 10+i*2<<20)) {
				t.Errorf("%s is another", name)
			}
		}
	}
}

// With permissions kept, what is private is private as long as it is written, too, and a folder that nobody may write
// into is filled all the same, the second time as well.
func TestReceiverKeepsPermissionsFromTheBeginning(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{PreserveModes: true,
		Overwrite: manifest.OverwriteAlways}}
	modes := map[string]fs.FileMode{"private": 0o700, "private/large": 0o600, "private/small": 0o600, "ro": 0o555,
		"ro/sub":   0o500,
		"ro/sub/f": 0o444, "shared": 0o775}
	for name, mode := range modes {
		if mode&0o111 == 0 {
			write(t, filepath.Join(x.from, name), noise(1, map[bool]int{true: 3 << 20, false: 10}[name == "private/large"]))
		}
	}
	if err := os.MkdirAll(filepath.Join(x.from, "shared"), 0o755); err != nil {
		t.Fatal(err)
	}
	restore := func(dir string) {
		for _, p := range []string{"ro", "ro/sub"} {
			os.Chmod(filepath.Join(dir, p), 0o755)
		}
	}
	t.Cleanup(func() { restore(x.from); restore(x.to) })
	for name, mode := range modes {
		defer os.Chmod(filepath.Join(x.from, name), 0o755)
		if err := os.Chmod(filepath.Join(x.from, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	seen := false
	x.between = func(int64) {
		filepath.WalkDir(filepath.Join(x.to, "private"), func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if info, err := d.Info(); err == nil && strings.HasSuffix(p, ".partial") {
				seen = true
				if info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s is %v while it is written", p, info.Mode())
				}
			}
			return nil
		})
		if info, err := os.Stat(filepath.Join(x.to, "private")); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the private folder is open to others while it is filled: %v", err)
		}
	}
	for range 2 {
		x.mustDo(t)
		for name, mode := range modes {
			if info, err := os.Stat(filepath.Join(x.to, name)); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v, want %v (%v)", name, info.Mode(), mode, err)
			}
		}
	}
	if !seen {
		t.Error("no partial file was seen")
	}
}

// A folder that can't be made because a file has its name says so of itself, and counts.
func TestReceiverSaysThatAFileIsWhereAFolderIsWanted(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	write(t, filepath.Join(x.from, "d", "i"), []byte("i"))
	write(t, filepath.Join(x.to, "d"), []byte("d"))
	_, got := x.do(t)
	if got == nil || got.Error() != "2 of 2 files failed" {
		t.Errorf("got %v", got)
	}
	for _, name := range []string{"d", "d/i"} {
		want := name + ": d is a file here, not a folder"
		if e := x.events[name].Err; e == nil || e.Code != fail.NotDirectory || e.Text != want {
			t.Errorf("%s: %v, want %q", name, e, want)
		}
	}
}
