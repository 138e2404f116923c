package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"github.com/google/go-cmp/cmp"
)

// run moves what is in the folder from to the folder to, over a link in memory.
type run struct {
	from, to string
	options  control.Options
	cutAfter int64
	// late is how many bytes have come by then that are not written yet.
	late int64
	// between is called before the data at an offset of the space is read.
	between func(off int64)
	// target replaces the tree that is written to.
	target func(*storage.Root) TargetTree
	// roots replaces what is read.
	roots []Root
	// encrypt and decrypt are as in Client.
	encrypt *atrest.Key
	decrypt *Decryption

	link   *memLink
	events map[string]FileEvent
}

func (x *run) do(t *testing.T) (sent, got error) {
	t.Helper()
	options, err := Normalize(x.options)
	if err != nil {
		t.Fatal(err)
	}
	root, err := storage.Open(x.to)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	x.link, x.events = newMemLink(), map[string]FileEvent{}
	x.link.cutAfter, x.link.late, x.link.between = x.cutAfter, x.late, x.between
	var target TargetTree = root
	if x.target != nil {
		target = x.target(root)
	}
	a, b := pipe()
	roots := x.roots
	if roots == nil {
		roots = []Root{{Tree: HostTree{}, Path: x.from}}
	}
	s := newSender(newConn(a), roots, options)
	r := newReceiver(newConn(b), target, func(p string) (string, *fail.Error) { return p, nil }, options)
	s.data, r.data = memSender{x.link}, memReceiver{x.link}
	x.link.src, x.link.sink = s, r
	s.encrypt, r.decrypt = x.encrypt, x.decrypt
	var mu sync.Mutex
	r.onFile = func(e FileEvent) {
		mu.Lock()
		defer mu.Unlock()
		x.events[e.Path] = e
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { sent = conclude(ctx, s) })
	group.Go(func() { got = conclude(ctx, r) })
	group.Wait()
	return sent, got
}

func (x *run) mustDo(t *testing.T) {
	t.Helper()
	if sent, got := x.do(t); sent != nil || got != nil {
		t.Fatalf("sender: %v, receiver: %v", sent, got)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0] = byte(seed)
	rand.NewChaCha8(key).Read(b)
	return b
}

// tree lists a folder: files with a digest of their content, folders with "folder".
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		if d.IsDir() {
			out[name] = "folder"
			return nil
		}
		if d.Type()&fs.ModeSymlink != 0 {
			out[name] = "link"
			return nil
		}
		b, err := os.ReadFile(p)
		out[name] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTreeArrivesWhole(t *testing.T) {
	t.Run("with checksums", func(t *testing.T) { treeArrivesWhole(t, ChecksumSHA256) })
	t.Run("without", func(t *testing.T) { treeArrivesWhole(t, ChecksumNone) })
}

func treeArrivesWhole(t *testing.T, checksum string) {
	x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Checksum: checksum}}
	write(t, filepath.Join(x.from, "empty"), nil)
	write(t, filepath.Join(x.from, "Größe und Maß.txt"), []byte("ä"))
	write(t, filepath.Join(x.from, "big"), noise(1, 5<<20+123))
	write(t, filepath.Join(x.from, "exactly one chunk"), noise(2, 1<<20))
	for i := range 500 {
		write(t, filepath.Join(x.from, "many", fmt.Sprint(i%7), fmt.Sprint(i)), noise(uint64(i), i*3))
	}
	if err := os.MkdirAll(filepath.Join(x.from, "no", "files"), 0o755); err != nil {
		t.Fatal(err)
	}
	x.mustDo(t)
	if diff := cmp.Diff(tree(t, x.from), tree(t, x.to)); diff != "" {
		t.Errorf("(-sent +got):\n%s", diff)
	}
	if e := x.events["big"]; checksum != ChecksumNone &&
		e.Checksum != fmt.Sprintf("%x", sha256.Sum256(noise(1, 5<<20+123))) {
		t.Errorf("checksum of big: %q", e.Checksum)
	}

	t.Run("again sends nothing", func(t *testing.T) {
		x.mustDo(t)
		if x.link.moved != 0 {
			t.Errorf("%d bytes moved", x.link.moved)
		}
	})
}

func TestCutSessionsResume(t *testing.T) {
	const size = 20<<20 + 77
	for _, policy := range []string{manifest.ResumeAttrs, manifest.ResumeSparse, manifest.ResumeFull} {
		t.Run(policy, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), cutAfter: 12 << 20, options: control.Options{Resume: policy}}
			content := noise(3, size)
			write(t, filepath.Join(x.from, "f"), content)
			if sent, got := x.do(t); !errors.Is(sent, errCut) && !errors.Is(got, errCut) {
				t.Fatalf("sender: %v, receiver: %v", sent, got)
			}
			if _, err := os.Stat(filepath.Join(x.to, "f")); err == nil {
				t.Fatal("a cut file has its name")
			}
			moved := x.link.moved
			x.cutAfter = 0
			x.mustDo(t)
			if limit := size - moved + chunk.Size; x.link.moved > limit {
				t.Errorf("%d bytes moved again, want at most %d", x.link.moved, limit)
			}
			if got, err := os.ReadFile(filepath.Join(x.to, "f")); err != nil || !bytes.Equal(got, content) {
				t.Error("the resumed file differs")
			}
			if got := tree(t, x.to); len(got) != 1 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

// What another session has not finished is not sent, and what can't be resumed is not left behind.
func TestUnfinishedFiles(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	cut := run{from: t.TempDir(), to: x.from, cutAfter: 4 << 20}
	write(t, filepath.Join(cut.from, "a"), noise(1, 10<<20))
	cut.do(t)
	for _, name := range []string{"a.partial", "a.aspx"} {
		if _, err := os.Stat(filepath.Join(x.from, name)); err != nil {
			t.Fatalf("the session that was cut left no %s", name)
		}
	}
	for _, name := range []string{"alone.partial", "alone.aspx.txt", "mine.partial", "mine.aspx"} {
		write(t, filepath.Join(x.from, name), []byte("x"))
	}
	x.mustDo(t)
	if diff := cmp.Diff([]string{"alone.aspx.txt", "alone.partial", "mine.aspx", "mine.partial"},
		slices.Sorted(maps.Keys(tree(t, x.to)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	y := run{from: t.TempDir(), to: t.TempDir(), cutAfter: 1 << 20}
	write(t, filepath.Join(y.from, "a"), noise(1, 900<<10))
	write(t, filepath.Join(y.from, "b"), noise(2, 900<<10))
	y.do(t)
	for name := range tree(t, y.to) {
		if name != "a" {
			t.Errorf("%s is left behind", name)
		}
	}
}

func TestDamagedPartialIsNoticed(t *testing.T) {
	const size = 40 << 20
	prepare := func(t *testing.T, policy string) *run {
		x := &run{from: t.TempDir(), to: t.TempDir(), cutAfter: 30 << 20, options: control.Options{Resume: policy}}
		write(t, filepath.Join(x.from, "f"), noise(4, size))
		x.do(t)
		f, err := os.OpenFile(filepath.Join(x.to, "f.partial"), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte("damage"), 7<<20); err != nil {
			t.Fatal(err)
		}
		x.cutAfter = 0
		return x
	}
	t.Run("full_csum sends the chunk again", func(t *testing.T) {
		x := prepare(t, manifest.ResumeFull)
		x.mustDo(t)
		if x.link.moved != 11<<20 {
			t.Errorf("%d bytes moved, want 11 MiB", x.link.moved)
		}
	})
	t.Run("attrs notices at the end and starts again next time", func(t *testing.T) {
		x := prepare(t, manifest.ResumeAttrs)
		_, got := x.do(t)
		var e *fail.Error
		if !errors.As(got, &e) || e.Code != fail.SomeFiles {
			t.Fatalf("got %v", got)
		}
		if e := x.events["f"].Err; e == nil || !strings.Contains(e.Text, "checksum mismatch") {
			t.Errorf("file event: %v", e)
		}
		if left := tree(t, x.to); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
		x.mustDo(t)
		if x.link.moved != size {
			t.Errorf("%d bytes moved", x.link.moved)
		}
	})
	t.Run("a changed source starts again", func(t *testing.T) {
		x := prepare(t, manifest.ResumeAttrs)
		write(t, filepath.Join(x.from, "f"), noise(5, size))
		x.mustDo(t)
		if x.link.moved != size {
			t.Errorf("%d bytes moved", x.link.moved)
		}
		if diff := cmp.Diff(tree(t, x.from), tree(t, x.to)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOverwrite(t *testing.T) {
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for _, c := range []struct {
		policy, existing string
		at               time.Time
		replaced         bool
	}{
		{manifest.OverwriteNever, "x", past, false},
		{manifest.OverwriteAlways, "n", future, true},
		{manifest.OverwriteDiff, "longer", future, true},
		{manifest.OverwriteDiff, "x", future, true},
		{manifest.OverwriteDiff, "n", past, false},
		{manifest.OverwriteOlder, "x", past, true},
		{manifest.OverwriteOlder, "x", future, false},
		{manifest.OverwriteDiffOrOlder, "x", future, true},
	} {
		t.Run(c.policy+" "+c.existing, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Overwrite: c.policy}}
			write(t, filepath.Join(x.from, "f"), []byte("n"))
			write(t, filepath.Join(x.to, "f"), []byte(c.existing))
			if err := os.Chtimes(filepath.Join(x.to, "f"), c.at, c.at); err != nil {
				t.Fatal(err)
			}
			x.mustDo(t)
			if got := !x.events["f"].Skipped; got != c.replaced {
				t.Errorf("replaced: %v, want %v", got, c.replaced)
			}
			want := c.existing
			if c.replaced {
				want = "n"
			}
			if got, err := os.ReadFile(filepath.Join(x.to, "f")); err != nil || string(got) != want {
				t.Errorf("content %q, want %q", got, want)
			}
		})
	}
}

func TestFailuresOfFilesSpareTheOthers(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	write(t, filepath.Join(x.from, "good"), []byte("1"))
	write(t, filepath.Join(x.from, "taken"), []byte("2"))
	if err := os.Mkdir(filepath.Join(x.to, "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(x.from, "dangling")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(x.from, "loop")); err != nil {
		t.Fatal(err)
	}
	_, got := x.do(t)
	var e *fail.Error
	if !errors.As(got, &e) || e.Code != fail.SomeFiles {
		t.Fatalf("got %v", got)
	}
	codes := map[string]fail.Code{}
	for name, e := range x.events {
		if e.Err != nil {
			codes[name] = e.Err.Code
		}
	}
	if codes["taken"] != fail.IsDirectory || codes["dangling"] != fail.NoSuchFile || codes["good"] != 0 {
		t.Errorf("codes: %v", codes)
	}
	if b, err := os.ReadFile(filepath.Join(x.to, "good")); err != nil || string(b) != "1" {
		t.Errorf("good: %q", b)
	}
}

func TestPreserve(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{PreserveTimes: true, PreserveModes: true}}
	write(t, filepath.Join(x.from, "d/e/f"), []byte("1"))
	then := time.Date(2020, 2, 3, 4, 5, 6, 700, time.UTC)
	names := []string{"d/e/f", "d/e", "d"}
	for _, name := range names {
		p := filepath.Join(x.from, name)
		if err := errors.Join(os.Chtimes(p, then, then), os.Chmod(p, 0o751)); err != nil {
			t.Fatal(err)
		}
	}
	x.mustDo(t)
	for _, name := range names {
		info, err := os.Stat(filepath.Join(x.to, name))
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(then) || !info.IsDir() && info.Mode().Perm() != 0o751 {
			t.Errorf("%s: %v %v", name, info.ModTime(), info.Mode())
		}
	}
}

// A hostile sender names paths that leave the destination.
func TestHostileManifest(t *testing.T) {
	outside := t.TempDir()
	to := filepath.Join(outside, "to")
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(to, "out")); err != nil {
		t.Fatal(err)
	}
	root, err := storage.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	a, b := pipe()
	r := newReceiver(newConn(b), root, func(p string) (string, *fail.Error) { return p, nil }, control.Options{})
	r.data = memReceiver{newMemLink()}
	hostile := newConn(a)
	names := []string{"../x", "/etc/x", "a/../../x", "out/x", "a//b", "", ".", "a\x00b", strings.Repeat("n", 300)}
	for _, name := range names {
		if err := hostile.send(&control.Entry{Kind: control.KindFile, Path: name}); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() { done <- r.run(t.Context()) }()
	for range names {
		m, err := hostile.read()
		if err != nil {
			t.Fatal(err)
		}
		f, ok := m.(*control.FileDone)
		if !ok || f.Status != control.FileFailed || fail.Code(f.Code) != fail.BadPath {
			t.Errorf("answer %T %+v", m, m)
		}
	}
	hostile.close()
	<-done
	if got := tree(t, outside); len(got) != 2 {
		t.Errorf("something was written: %v", got)
	}
}
