package prepare_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/internal/prepare"
)

// What root marks a storage with is what the data plane keeps out of reach.
func TestMarkIsTheOneThatStoragesHide(t *testing.T) {
	if prepare.Mark != storage.Mark {
		t.Errorf("root makes %s, storages hide %s", prepare.Mark, storage.Mark)
	}
}

// transferUser is who hsts runs as: giving folders to him, and telling his files from root's, needs root.
const transferUser = 65532

func options(t *testing.T) prepare.Options {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test gives folders to another user: run it as root")
	}
	return prepare.Options{Owner: "files/demo", UID: transferUser, GID: transferUser}
}

// machine is a folder that plays a machine, with a storage folder in it.
type machine struct {
	root, storage string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	m := machine{root: t.TempDir()}
	m.storage = filepath.Join(m.root, "srv", "files")
	if err := os.MkdirAll(m.storage, 0o755); err != nil {
		t.Fatal(err)
	}
	return m
}

// folder is what a container sees of hostPath when the runtime mounted target for it.
func (m machine) folder(hostPath, target string) prepare.HostFolder {
	first, _, _ := strings.Cut(strings.TrimPrefix(hostPath, "/"), "/")
	return prepare.HostFolder{Mount: target, Path: hostPath, View: filepath.Join(m.root, first)}
}

func (m machine) write(t *testing.T, name, text string, uid int, mode fs.FileMode) {
	t.Helper()
	file := filepath.Join(m.storage, name)
	if err := errors.Join(os.WriteFile(file, []byte(text), mode), os.Chmod(file, mode),
		os.Chown(file, uid, uid)); err != nil {
		t.Fatal(err)
	}
}

// state is owner and rights of everything beneath a folder.
func state(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		owner := "root"
		if info.Sys().(*syscall.Stat_t).Uid == transferUser {
			owner = "user"
		}
		all[name] = owner + " " + info.Mode().String()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestHostMarksAnEmptyFolderAndGivesItAway(t *testing.T) {
	o, m := options(t), newMachine(t)
	if err := os.Chmod(m.storage, 0o555); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{".": "user drwxr-xr-x", prepare.Mark: "root -r--r--r--"}
	for range 2 {
		if _, err := o.Host(m.folder("/srv/files", m.storage)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, state(t, m.storage)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	}
	if owners := signed(t, m.storage); owners != "files/demo\n" {
		t.Errorf("the mark says %q", owners)
	}
}

var idLine = regexp.MustCompile(`(?m)^id=[0-9a-f]{16}\n`)

// signed are the owners that the mark of a folder names; it holds one id beside them.
func signed(t *testing.T, dir string) string {
	t.Helper()
	text := read(t, filepath.Join(dir, prepare.Mark))
	if n := len(idLine.FindAllString(text, -1)); n != 1 {
		t.Errorf("the mark has %d ids: %q", n, text)
	}
	return idLine.ReplaceAllString(text, "")
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// TestHostTellsFoldersApart: machines that see one folder are told the same, others something else, also of
// folders that people have marked.
func TestHostTellsFoldersApart(t *testing.T) {
	o := options(t)
	id := func(m machine) string {
		t.Helper()
		id, err := o.Host(m.folder("/srv/files", m.storage))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	ids := map[string]bool{}
	for _, mark := range []string{"", "files/demo", "files/demo\n", "other/node\nfiles/demo\n"} {
		m := newMachine(t)
		if mark != "" {
			m.write(t, prepare.Mark, mark, 0, 0o444)
		}
		first := id(m)
		if again := id(m); first == "" || again != first || ids[first] {
			t.Errorf("%q: %q, then %q, others %v", mark, first, again, ids)
		}
		ids[first] = true
	}
}

// TestHostTakesOnlyEmptyOrMarkedFolders: what is refused stays as it was, to the last right.
func TestHostTakesOnlyEmptyOrMarkedFolders(t *testing.T) {
	o := options(t)
	const mark = prepare.Mark
	for _, test := range []struct {
		name  string
		fill  func(*testing.T, machine)
		want  error
		taken string // what becomes of the mark
	}{
		{"a file of root's", func(t *testing.T, m machine) { m.write(t, "passwd", "x", 0, 0o644) }, prepare.ErrNotEmpty, ""},
		{"a file of the user's", func(t *testing.T, m machine) { m.write(t, "video", "x", transferUser, 0o644) },
			prepare.ErrNotEmpty, ""},
		{"a hidden file", func(t *testing.T, m machine) { m.write(t, ".a", "", 0, 0o644) }, prepare.ErrNotEmpty, ""},
		{"the user's own folder without a mark", func(t *testing.T, m machine) {
			m.write(t, "video", "x", transferUser, 0o644)
			chown(t, m.storage, transferUser)
		}, prepare.ErrNotEmpty, ""},
		{"lost and found", func(t *testing.T, m machine) { mkdir(t, m.storage, "lost+found", 0) }, nil, "files/demo\n"},
		{"lost and found, and more", func(t *testing.T, m machine) {
			mkdir(t, m.storage, "lost+found", 0)
			mkdir(t, m.storage, "a", 0)
		}, prepare.ErrNotEmpty, ""},
		{"lost and found of the user's", func(t *testing.T, m machine) { mkdir(t, m.storage, "lost+found", transferUser) },
			prepare.ErrNotEmpty, ""},
		{"lost and found that is a file", func(t *testing.T, m machine) { m.write(t, "lost+found", "", 0, 0o644) },
			prepare.ErrNotEmpty, ""},
		{"files and an empty mark", func(t *testing.T, m machine) {
			m.write(t, "video", "x", transferUser, 0o644)
			m.write(t, mark, "", 0, 0o644)
		}, nil, "files/demo\n"},
		{"files and our mark", func(t *testing.T, m machine) {
			m.write(t, "video", "x", transferUser, 0o644)
			m.write(t, mark, "files/demo\n", 0, 0o444)
		}, nil, "files/demo\n"},
		{"a mark of several", func(t *testing.T, m machine) { m.write(t, mark, "a/b\nfiles/demo\n", 0, 0o444) }, nil,
			"a/b\nfiles/demo\n"},
		{"another's mark", func(t *testing.T, m machine) { m.write(t, mark, "files/demo2\n", 0, 0o444) }, prepare.ErrOther,
			"files/demo2\n"},
		{"another's mark that holds our name", func(t *testing.T, m machine) { m.write(t, mark, "xfiles/demo\n", 0, 0o444) },
			prepare.ErrOther, "xfiles/demo\n"},
		{"a mark of the user's", func(t *testing.T, m machine) { m.write(t, mark, "files/demo\n", transferUser, 0o444) },
			prepare.ErrBadMark, "files/demo\n"},
		{"a mark that all may write", func(t *testing.T, m machine) { m.write(t, mark, "files/demo\n", 0, 0o666) },
			prepare.ErrBadMark, "files/demo\n"},
		{"a mark that the group may write", func(t *testing.T, m machine) { m.write(t, mark, "files/demo\n", 0, 0o464) },
			prepare.ErrBadMark, "files/demo\n"},
		{"a mark with a second name", func(t *testing.T, m machine) {
			m.write(t, mark, "", 0, 0o444)
			if err := os.Link(filepath.Join(m.storage, mark), filepath.Join(m.root, "second")); err != nil {
				t.Fatal(err)
			}
		}, prepare.ErrBadMark, ""},
		{"a mark that is a folder", func(t *testing.T, m machine) { mkdir(t, m.storage, mark, 0) }, prepare.ErrBadMark, ""},
		{"a mark that is a pipe", func(t *testing.T, m machine) {
			if err := syscall.Mkfifo(filepath.Join(m.storage, mark), 0o444); err != nil {
				t.Fatal(err)
			}
		}, prepare.ErrBadMark, ""},
		{"a mark that is a link to a file of root's", func(t *testing.T, m machine) {
			real := filepath.Join(m.root, "real")
			if err := errors.Join(os.WriteFile(real, nil, 0o444), os.Symlink(real, filepath.Join(m.storage, mark))); err != nil {
				t.Fatal(err)
			}
		}, prepare.ErrBadMark, ""},
		{"a mark that is a link to nowhere", func(t *testing.T, m machine) {
			if err := os.Symlink(filepath.Join(m.root, "nowhere"), filepath.Join(m.storage, mark)); err != nil {
				t.Fatal(err)
			}
		}, prepare.ErrBadMark, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			test.fill(t, m)
			before := state(t, m.root)
			if _, err := o.Host(m.folder("/srv/files", m.storage)); !errors.Is(err, test.want) {
				t.Fatalf("%v, want %v", err, test.want)
			}
			after := state(t, m.root)
			if test.want == nil {
				if after["srv/files"] != "user drwxr-xr-x" {
					t.Errorf("the folder is %s", after["srv/files"])
				}
				// Only the folder itself and its mark may have changed.
				for _, name := range []string{"srv/files", "srv/files/" + mark} {
					delete(before, name)
					delete(after, name)
				}
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
			if test.taken != "" {
				said := read(t, filepath.Join(m.storage, mark))
				if test.want == nil {
					said = signed(t, m.storage)
				}
				if said != test.taken {
					t.Errorf("the mark says %q", said)
				}
			}
		})
	}
}

// TestHostFollowsNoLink: the runtime of a machine mounts what a path leads to, also through links that a client of
// another storage folder has made.
func TestHostFollowsNoLink(t *testing.T) {
	o := options(t)
	for _, test := range []struct {
		name, path string
		link       func(machine) (text, name string)
	}{
		{"last element", "/srv/link", func(m machine) (string, string) { return m.root + "/etc/empty", "srv/link" }},
		{"relative", "/srv/link", func(machine) (string, string) { return "../etc/empty", "srv/link" }},
		{"element between", "/srv/files/l/empty", func(m machine) (string, string) { return m.root + "/etc", "srv/files/l" }},
		{"link to a link", "/srv/link", func(m machine) (string, string) { return "etc-too/empty", "srv/link" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			target := filepath.Join(m.root, "etc", "empty")
			text, name := test.link(m)
			if err := errors.Join(
				os.MkdirAll(target, 0o755), os.Symlink("../etc", filepath.Join(m.root, "srv", "etc-too")),
				os.Symlink(text, filepath.Join(m.root, name)),
			); err != nil {
				t.Fatal(err)
			}
			before := state(t, m.root)
			if _, err := o.Host(m.folder(test.path, target)); err == nil || !strings.Contains(err.Error(), "symbolic link") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(before, state(t, m.root)); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
	t.Run("what was mounted is not what is there now", func(t *testing.T) {
		m := newMachine(t)
		other := t.TempDir()
		if _, err := o.Host(m.folder("/srv/files", other)); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("the mount itself", func(t *testing.T) {
		m := newMachine(t)
		link := filepath.Join(m.root, "link")
		if err := os.Symlink(m.storage, link); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Host(prepare.HostFolder{Mount: link, Path: "/files"}); err == nil {
			t.Error("a link is taken")
		}
	})
}

func TestClaimLeavesWhatCanBeUsed(t *testing.T) {
	o := options(t)
	for _, test := range []struct {
		name     string
		uid, gid int
		mode     fs.FileMode
		files    bool
		want     error
		marked   bool
	}{
		{"the user's", transferUser, transferUser, 0o700, true, nil, false},
		{"the group's", 0, transferUser, 0o775, true, nil, false},
		{"the user's without rights", transferUser, transferUser, 0o500, true, prepare.ErrNotEmpty, false},
		{"the group's without rights", 0, transferUser, 0o755, true, prepare.ErrNotEmpty, false},
		{"root's with files", 0, 0, 0o755, true, prepare.ErrNotEmpty, false},
		{"root's and empty", 0, 0, 0o755, false, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			if test.files {
				m.write(t, "video", "x", 0, 0o644)
			}
			if err := errors.Join(os.Chown(m.storage, test.uid, test.gid), os.Chmod(m.storage, test.mode)); err != nil {
				t.Fatal(err)
			}
			before := state(t, m.storage)
			if err := o.Claim(m.storage); !errors.Is(err, test.want) {
				t.Fatalf("%v, want %v", err, test.want)
			}
			after := state(t, m.storage)
			if !test.marked {
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("-before +after:\n%s", diff)
				}
				return
			}
			if diff := cmp.Diff(map[string]string{".": "user drwxr-xr-x", prepare.Mark: "root -r--r--r--"}, after); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func mkdir(t *testing.T, parent, name string, uid int) {
	t.Helper()
	dir := filepath.Join(parent, name)
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, uid, uid)); err != nil {
		t.Fatal(err)
	}
}

func chown(t *testing.T, name string, uid int) {
	t.Helper()
	if err := os.Chown(name, uid, uid); err != nil {
		t.Fatal(err)
	}
}
