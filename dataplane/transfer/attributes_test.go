package transfer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// acl is a POSIX access control list as the kernel has it (linux/posix_acl_xattr.h): owner rw, user
// 12345 r, group r, others none.
func acl() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range [][3]uint32{{1, 6, 1<<32 - 1}, {2, 4, 12345}, {4, 4, 1<<32 - 1}, {16, 4, 1<<32 - 1},
		{32, 0, 1<<32 - 1}} {
		b = binary.LittleEndian.AppendUint32(b, e[0]|e[1]<<16)
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	return b
}

// described is what attributes_test looks at of a file.
func described(t *testing.T, dir, name string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	info, err := os.Lstat(p)
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := storage.Owner(info)
	if info.Mode()&fs.ModeSymlink != 0 {
		text, err := os.Readlink(p)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("-> %s of %d:%d", text, uid, gid)
	}
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list, err := storage.Xattrs(f, func(name string) bool { return name != "security.selinux" })
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%v of %d:%d, %d, %d", info.Mode(), uid, gid, info.ModTime().UnixNano(), storage.AccessTime(info))
	for _, x := range list {
		out += fmt.Sprintf(", %s=%x", x.Name, x.Value)
	}
	return out
}

func TestAttributesAreKept(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{
		Symlinks: manifest.SymlinksCopy, PreserveTimes: true, PreserveModes: true, PreserveAccessTimes: true,
		PreserveUID: true, PreserveGID: true,
		Xattrs: manifest.AttributesNative, ACLs: manifest.AttributesNative,
	}}
	uid, gid := os.Getuid(), os.Getgid()
	if storage.MayChown() {
		uid, gid = 12345, 23456
	}
	names := []string{"d/small", "d/empty", "d/large", "d/link", "d"}
	write(t, filepath.Join(x.from, "d/small"), []byte("1"))
	write(t, filepath.Join(x.from, "d/empty"), nil)
	write(t, filepath.Join(x.from, "d/large"), noise(1, 3<<20))
	if err := os.Symlink("../elsewhere", filepath.Join(x.from, "d/link")); err != nil {
		t.Fatal(err)
	}
	then := time.Date(2020, 2, 3, 4, 5, 6, 700, time.UTC)
	want := map[string]string{}
	for i, name := range names {
		p := filepath.Join(x.from, name)
		if err := os.Lchown(p, uid, gid); err != nil {
			t.Fatal(err)
		}
		if name != "d/link" {
			f, err := os.Open(p)
			if err != nil {
				t.Fatal(err)
			}
			attributes := []storage.Xattr{{Name: "user.n", Value: []byte(name)}, {Name: "user.empty", Value: []byte{}}}
			if name != "d" {
				attributes = append(attributes, storage.Xattr{Name: "system.posix_acl_access", Value: acl()})
			}
			for _, a := range attributes {
				if err := storage.SetXattr(f, a); err != nil {
					t.Fatal(err)
				}
			}
			f.Close()
			mtime := then.Add(time.Duration(i) * time.Hour)
			if err := os.Chtimes(p, mtime.Add(time.Minute), mtime); err != nil {
				t.Fatal(err)
			}
		}
		want[name] = described(t, x.from, name)
	}
	x.mustDo(t)
	for name := range maps.Keys(want) {
		// Reading a file or listing a folder at the sender may change its access time there, but not
		// what it was when it was found.
		if diff := cmp.Diff(want[name], described(t, x.to, name)); diff != "" {
			t.Errorf("%s (-sent +got):\n%s", name, diff)
		}
	}
	if content, err := os.ReadFile(filepath.Join(x.to, "d/large")); err != nil || !bytes.Equal(content, noise(1, 3<<20)) {
		t.Errorf("content differs: %v", err)
	}

	t.Run("only if asked for", func(t *testing.T) {
		x.to, x.options = t.TempDir(), control.Options{}
		if err := os.Remove(filepath.Join(x.from, "d/link")); err != nil {
			t.Fatal(err)
		}
		x.mustDo(t)
		got := described(t, x.to, "d/small")
		if strings.Contains(got, "user.n") || strings.Contains(got, "posix_acl") || uid != os.Getuid() &&
			strings.Contains(got, fmt.Sprint(uid)) {
			t.Errorf("got %s", got)
		}
	})
}

func TestSymbolicLinks(t *testing.T) {
	for _, c := range []struct {
		name, policy, overwrite string
		existing                func(p string) error
		want                    string // the link's text, "" for what was there
		code                    fail.Code
		skipped                 bool
	}{
		{name: "new", policy: manifest.SymlinksCopy, want: "target"},
		{name: "again", policy: manifest.SymlinksForce, existing: func(p string) error { return os.Symlink("target", p) },
			want: "target", skipped: true},
		{name: "beside a file", policy: manifest.SymlinksCopy,
			existing: func(p string) error { return os.WriteFile(p, nil, 0o644) }, skipped: true},
		{name: "beside another link", policy: manifest.SymlinksCopy,
			existing: func(p string) error { return os.Symlink("x", p) }, want: "x", skipped: true},
		{name: "for a file", policy: manifest.SymlinksForce,
			existing: func(p string) error { return os.WriteFile(p, nil, 0o644) }, want: "target"},
		{name: "for another link", policy: manifest.SymlinksForce,
			existing: func(p string) error { return os.Symlink("/etc/passwd", p) }, want: "target"},
		{
			name: "never for a file", policy: manifest.SymlinksForce, overwrite: manifest.OverwriteNever,
			existing: func(p string) error { return os.WriteFile(p, nil, 0o644) }, skipped: true,
		},
		{name: "for a folder", policy: manifest.SymlinksForce, existing: func(p string) error { return os.Mkdir(p, 0o755) },
			code: fail.IsDirectory},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Symlinks: c.policy, Overwrite: c.overwrite}}
			if err := os.Symlink("target", filepath.Join(x.from, "l")); err != nil {
				t.Fatal(err)
			}
			p := filepath.Join(x.to, "l")
			if c.existing != nil {
				if err := c.existing(p); err != nil {
					t.Fatal(err)
				}
			}
			_, got := x.do(t)
			var e *fail.Error
			if (got != nil) != (c.code != 0) || got != nil && (!errors.As(got, &e) || e.Code != fail.SomeFiles) {
				t.Fatal(got)
			}
			if text, _ := os.Readlink(p); text != c.want {
				t.Errorf("the link says %q, want %q", text, c.want)
			}
			if event := x.events["l"]; event.Skipped != c.skipped || c.code != 0 && event.Err.Code != c.code {
				t.Errorf("event %+v", event)
			}
			if left := tree(t, x.to); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A hostile sender sends attributes that were not asked for, and links to write through.
func TestHostileAttributes(t *testing.T) {
	uid := uint32(0)
	link := func(text string) control.Entry {
		return control.Entry{Kind: control.KindLink, Path: "l", Attributes: &control.Attributes{Link: text}}
	}
	xattr := func(name string) control.Entry {
		return control.Entry{Kind: control.KindFile, Path: "f",
			Attributes: &control.Attributes{Xattrs: []control.Xattr{{Name: name}}}}
	}
	sparse := func(size int64, data ...chunk.Range) control.Entry {
		return control.Entry{Kind: control.KindFile, Path: "f", Size: size,
			Attributes: &control.Attributes{Sparse: true, Data: data}}
	}
	all := control.Options{Xattrs: manifest.AttributesNative, ACLs: manifest.AttributesNative, Sparse: true}
	for name, c := range map[string]struct {
		options control.Options
		entry   control.Entry
	}{
		"owner": {control.Options{PreserveGID: true},
			control.Entry{Kind: control.KindFile, Path: "f", Attributes: &control.Attributes{UID: &uid}}},
		"link":                 {control.Options{}, link("x")},
		"attribute":            {control.Options{}, xattr("user.a")},
		"attribute of a class": {all, xattr("security.capability")},
		"list":                 {control.Options{Xattrs: manifest.AttributesNative}, xattr("system.posix_acl_access")},
		"sparse":               {control.Options{}, sparse(5 << 20)},
		"data beyond the end":  {all, sparse(5<<20, chunk.Range{Offset: 5 << 20, Length: 1 << 20})},
		"data of half a chunk": {all, sparse(5<<20, chunk.Range{Offset: 1 << 19, Length: 1 << 20})},
		"data to half a chunk": {all, sparse(5<<20, chunk.Range{Offset: 0, Length: 1 << 19})},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			hostile, ended := receiverOf(t, dir, c.options)
			if err := hostile.send(&c.entry); err != nil {
				t.Fatal(err)
			}
			var e *fail.Error
			if err := <-ended; !errors.As(err, &e) || e.Code != fail.Protocol {
				t.Errorf("ended with %v", err)
			}
			if left := tree(t, dir); len(left) != 0 {
				t.Errorf("written: %v", left)
			}
		})
	}
	t.Run("writing through a link", func(t *testing.T) {
		outside := t.TempDir()
		dir := filepath.Join(outside, "to")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		hostile, ended := receiverOf(t, dir, control.Options{Symlinks: manifest.SymlinksForce})
		for _, e := range []control.Entry{
			link(outside), {Kind: control.KindFile, Path: "l/f"}, {Kind: control.KindFolder, Path: "l/d"},
			{Kind: control.KindLink, Path: "f.partial", Attributes: &control.Attributes{Link: filepath.Join(outside, "g")}},
			{Kind: control.KindFile, Path: "f", Size: 2 << 20},
		} {
			if err := hostile.send(&e); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			m, err := hostile.read()
			if err != nil {
				t.Fatal(err)
			}
			if done, ok := m.(*control.FileDone); ok && done.Index != 0 && done.Index != 3 &&
				(done.Status != control.FileFailed || fail.Code(done.Code) != fail.BadPath) {
				t.Errorf("answer %+v", done)
			}
		}
		hostile.close()
		<-ended
		for name := range tree(t, outside) {
			if !strings.HasPrefix(name, "to") {
				t.Errorf("%s is written", name)
			}
		}
	})
}

// receiverOf runs a receiver that writes into dir, and gives the sender's end of its control channel.
func receiverOf(t *testing.T, dir string, o control.Options) (*conn, <-chan error) {
	t.Helper()
	root, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	a, b := pipe()
	r := newReceiver(newConn(b), root, func(p string) (string, *fail.Error) { return p, nil }, o)
	r.data = memReceiver{newMemLink()}
	ended := make(chan error, 1)
	go func() { ended <- r.run(t.Context()) }()
	sender := newConn(a)
	t.Cleanup(sender.close)
	return sender, ended
}

// Who may not give files to others does not take any that are to have their owners.
func TestOwnersNeedRights(t *testing.T) {
	refused := make(chan error)
	go func() {
		runtime.LockOSThread() // The thread ends with the goroutine.
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			refused <- err
			return
		}
		refused <- mayKeepOwners(control.Options{PreserveGID: true})
	}()
	var e *fail.Error
	if err := <-refused; !errors.As(err, &e) || e.Code != fail.Usage {
		t.Errorf("without rights: %v", err)
	}
	if err := mayKeepOwners(control.Options{}); err != nil {
		t.Errorf("without owners: %v", err)
	}
}

func TestServerThatKnowsNoAttributes(t *testing.T) {
	for name, asked := range map[string]control.Options{
		"owners": {PreserveUID: true}, "extended attributes": {Xattrs: manifest.AttributesNative},
		"access control lists": {ACLs: manifest.AttributesNative},
		"access times":         {PreserveAccessTimes: true},
	} {
		if err := unmet(asked, control.Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if err := unmet(asked, asked); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
