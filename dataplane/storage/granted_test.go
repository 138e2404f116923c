package storage

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// resolvers runs a test with openat2 and without.
func resolvers(t *testing.T, test func(t *testing.T, open func(dir string) *Root)) {
	for name, walks := range map[string]bool{"openat2": false, "walk": true} {
		t.Run(name, func(t *testing.T) {
			if !walks && !hasOpenat2() {
				t.Fatal("this kernel has no openat2: the tests need Linux 5.6")
			}
			test(t, func(dir string) *Root {
				t.Helper()
				r, err := Open(dir)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { r.Close() })
				r.walks = walks
				return r
			})
		})
	}
}

// lay makes files (with their names as content), folders (names that end in /) and links.
func lay(t *testing.T, dir string, files []string, links map[string]string) {
	t.Helper()
	for _, name := range files {
		p := filepath.Join(dir, name)
		folder := filepath.Dir(p)
		if name[len(name)-1] == '/' {
			folder = p
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if folder != p {
			if err := os.WriteFile(p, []byte(name), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for link, text := range links {
		if err := os.Symlink(text, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGrantedFollowsNoLink(t *testing.T) {
	resolvers(t, func(t *testing.T, open func(string) *Root) {
		dir := t.TempDir()
		lay(t, dir, []string{"mine/f", "mine/d/g", "theirs/secret", "theirs/d/deep"}, map[string]string{
			"mine/up": "..", "mine/sibling": "../theirs", "mine/inside": "d", "mine/file": "d/g", "mine/gone": "nowhere",
			"mine/loop":     "loop",
			"mine/absolute": filepath.Join(dir, "theirs"), "mine/magic": "/proc/self/root", "mine/d/out": "../../theirs",
			"link": "mine",
		})
		r := open(dir)
		for _, p := range []string{"link", "link/d", "mine/up", "mine/up/theirs", "mine/sibling", "mine/inside",
			"mine/d/out/d", "mine/magic", "mine/loop"} {
			if sub, err := r.Granted(p); !errors.Is(err, ErrLink) {
				t.Errorf("granted %s: %v, want ErrLink", p, err)
				if err == nil {
					sub.Close()
				}
			}
			if err := r.Strict().MkdirAll(p+"/new", 0o755); !errors.Is(err, ErrLink) {
				t.Errorf("made %s/new: %v, want ErrLink", p, err)
			}
		}
		mine, err := r.Granted("mine")
		if err != nil {
			t.Fatal(err)
		}
		defer mine.Close()
		for _, p := range []string{
			"up", "up/theirs/secret", "sibling", "sibling/secret", "inside", "inside/g", "file", "gone", "gone/x", "loop",
			"absolute", "absolute/secret",
			"magic/etc/passwd", "d/out", "d/out/secret",
		} {
			for op, err := range map[string]error{
				"open":      closing(mine.Open(p)),
				"write":     closing(mine.OpenFile(p, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)),
				"own":       closing(mine.OpenOwn(p, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)),
				"stat":      second(mine.Stat(p)),
				"list":      second(mine.ReadDir(p)),
				"space":     second(mine.Space(p)),
				"folder":    closing(mine.Folder(p)),
				"sync":      mine.SyncFolder(p),
				"make":      mine.MkdirAll(p, 0o755),
				"make in":   mine.MkdirAll(p+"/x", 0o755),
				"mkdir in":  mine.Mkdir(p+"/x", 0o755),
				"remove in": mine.Remove(p + "/secret"),
				"clear in":  mine.RemoveAll(p + "/d"),
				"lstat in":  second(mine.Lstat(p + "/secret")),
				"move in":   mine.Rename("f", p+"/f"),
				"move out":  mine.Rename(p+"/secret", "f"),
				"link in":   mine.Symlink("x", p+"/x"),
				"times in":  mine.Chtimes(p+"/secret", time.Unix(1, 0), time.Unix(1, 0)),
				"owner in":  mine.Lchown(p+"/secret", 1, 1),
			} {
				if !errors.Is(err, ErrLink) && !errors.Is(err, syscall.ENOTDIR) {
					t.Errorf("%s %s: %v, want ErrLink", op, p, err)
				}
			}
		}
		if err := mine.Chtimes("sibling", time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Error(err)
		}
		unchanged(t, dir, "theirs/secret", "theirs/d/deep", "mine/f", "mine/d/g")
		if err := errors.Join(mine.RemoveAll("sibling"), mine.Remove("d/out"), mine.Rename("up", "renamed")); err != nil {
			t.Errorf("a link itself can't be removed or renamed: %v", err)
		}
		unchanged(t, dir, "theirs/secret", "theirs/d/deep")
	})
}

func closing[T interface{ Close() error }](f T, err error) error {
	if err == nil {
		f.Close()
	}
	return err
}

func second[T any](_ T, err error) error { return err }

func unchanged(t *testing.T, dir string, files ...string) {
	t.Helper()
	for _, name := range files {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if text, _ := os.ReadFile(filepath.Join(dir, name)); string(text) != name || info.ModTime().Unix() == 1 {
			t.Errorf("%s is now %q of %v", name, text, info.ModTime())
		}
	}
}

// A view that follows leads nowhere but inside.
func TestFollowing(t *testing.T) {
	resolvers(t, func(t *testing.T, open func(string) *Root) {
		dir := t.TempDir()
		lay(t, dir, []string{"mine/d/g", "theirs/secret"}, map[string]string{
			"mine/inside": "d", "mine/again": "inside/../inside/./g", "mine/d/top": "..", "mine/up": "..",
			"mine/back":     "../mine/d/g",
			"mine/absolute": dir, "mine/loop": "loop", "mine/magic": "/proc/self/cwd",
		})
		granted, err := open(dir).Granted("mine")
		if err != nil {
			t.Fatal(err)
		}
		defer granted.Close()
		r := granted.Following()
		for _, p := range []string{"inside/g", "again", "d/top/d/g", "d/top/inside/top/again"} {
			text, err := r.Open(p)
			if err != nil {
				t.Errorf("%s: %v", p, err)
				continue
			}
			text.Close()
		}
		for p, want := range map[string]error{
			"up": ErrOutside, "back": ErrOutside, "absolute": ErrOutside, "loop": syscall.ELOOP, "magic": nil,
			"up/theirs/secret": ErrOutside, "d/top/up": ErrOutside,
		} {
			if err := closing(r.Open(p)); err == nil || want != nil && !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", p, err, want)
			}
		}
		if err := closing(r.OpenFile("again", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)); !errors.Is(err, fs.ErrExist) {
			t.Errorf("O_EXCL at a link: %v", err)
		}
		if err := closing(r.OpenFile("again", os.O_WRONLY|syscall.O_NOFOLLOW, 0o644)); !errors.Is(err, ErrLink) {
			t.Errorf("O_NOFOLLOW at a link: %v", err)
		}
	})
}

// Links that an administrator lists are followed, beneath the root alone; others of the same owner are not.
func TestGrantedFollowsListedLinks(t *testing.T) {
	resolvers(t, func(t *testing.T, open func(string) *Root) {
		dir := t.TempDir()
		lay(t, dir, []string{"cold/archive/f", "default/"}, map[string]string{
			"default/archive": "../cold/archive", "default/other": "../cold/archive", "default/out": "../..",
			"default/absolute": dir,
		})
		r := open(dir)
		if err := r.FollowListed([]string{"default/archive", "/default/out", "/default/absolute"}); err != nil {
			t.Fatal(err)
		}
		archive, err := r.Granted("default/archive")
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		if err := closing(archive.Open("f")); err != nil {
			t.Error(err)
		}
		if err := r.Strict().MkdirAll("/default/archive/new", 0o755); err != nil {
			t.Error(err)
		}
		for p, want := range map[string]error{"default/other": ErrLink, "default/out": ErrOutside,
			"default/absolute": ErrOutside} {
			if err := closing(r.Granted(p)); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", p, err, want)
			}
		}
		sub, err := r.Granted("default")
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		if err := closing(sub.Open("archive/f")); !errors.Is(err, ErrOutside) {
			t.Errorf("a listed link leads out of the granted folder: %v", err)
		}
		if err := r.FollowListed([]string{"/"}); !errors.Is(err, ErrIsRoot) {
			t.Errorf("the root is no link: %v", err)
		}
	})
}

// What has the name of an unfinished file and is none stays as it is.
func TestOpenOwn(t *testing.T) {
	resolvers(t, func(t *testing.T, open func(string) *Root) {
		dir := t.TempDir()
		lay(t, dir, []string{"theirs", "hard", "folder/"}, map[string]string{"soft": "theirs", "gone": "nowhere"})
		if err := os.Link(filepath.Join(dir, "hard"), filepath.Join(dir, "second")); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("mkfifo", filepath.Join(dir, "pipe")).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		r := open(dir)
		for _, p := range []string{"soft", "gone", "hard", "second", "folder", "pipe"} {
			for _, flag := range []int{os.O_RDWR | os.O_CREATE, os.O_WRONLY | os.O_CREATE | os.O_TRUNC, os.O_WRONLY} {
				if err := closing(r.OpenOwn(p, flag, 0o644)); !errors.Is(err, ErrNotOwn) {
					t.Errorf("%s: %v, want ErrNotOwn", p, err)
				}
			}
		}
		unchanged(t, dir, "theirs", "hard")
		if _, err := os.Lstat(filepath.Join(dir, "nowhere")); err == nil {
			t.Error("a file was made through a link")
		}
		f, err := r.OpenOwn("new", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("text"); err != nil {
			t.Error(err)
		}
		if err := closing(r.OpenOwn("new", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)); !errors.Is(err, fs.ErrExist) {
			t.Errorf("made twice: %v", err)
		}
		if err := closing(r.OpenOwn("new", os.O_RDWR|os.O_TRUNC, 0)); err != nil {
			t.Error(err)
		}
		if info, err := f.Stat(); err != nil || info.Size() != 0 {
			t.Errorf("after O_TRUNC: %v, %v", info.Size(), err)
		}
	})
}

// A root that is closed opens nothing, not even what has the number of its handle now.
func TestClosedRoot(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, []string{"f"}, nil)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	other, err := os.Open(dir) // takes the number
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for op, err := range map[string]error{"open": closing(r.Open("f")), "mkdir": r.Mkdir("d", 0o755),
		"remove": r.Remove("f"), "granted": closing(r.Granted("/"))} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: %v", op, err)
		}
	}
}
