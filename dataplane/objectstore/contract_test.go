package objectstore_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/unfinished"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/s3d"
)

// place is a storage that the contract is held to: a tree, and drafts in it.
type place struct {
	storage.Tree
	draft func(t *testing.T, p string, source unfinished.Source) transfer.Draft
}

// places are the storages that are there. Each call of one is a new, empty one.
func places(t *testing.T) map[string]func(*testing.T) place {
	s := startS3(t)
	process := &s3{s3d.StartProcess(t), s.journal, s.memory}
	return map[string]func(*testing.T) place{
		"s3 process": func(t *testing.T) place { return process.place(t) },
		"local": func(t *testing.T) place {
			root, err := storage.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { root.Close() })
			return place{root, func(_ *testing.T, p string, source unfinished.Source) transfer.Draft {
				d := unfinished.New(root, p, source)
				return &d
			}}
		},
		"s3": func(t *testing.T) place { return s.place(t) },
	}
}

// place is a folder of the test's own.
func (s *s3) place(t *testing.T) place {
	tree := s.tree(t, "/"+strings.ReplaceAll(t.Name(), "/", "-"))
	return place{tree, func(t *testing.T, p string, source unfinished.Source) transfer.Draft {
		return draftOf(t, tree, p, source)
	}}
}

// s3 is a server with a journal.
type s3 struct {
	*s3d.Server
	journal store.Uploads
	memory  *objectstore.Memory
}

func startS3(t *testing.T) *s3 {
	t.Helper()
	db, err := store.New(mariadbd.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &s3{s3d.Start(t), store.Uploads{Store: db}, objectstore.NewMemory(objectstore.DefaultMemory,
		objectstore.DefaultReads)}
}

func (s *s3) settings(folder string) objectstore.Settings {
	return objectstore.Settings{Type: objectstore.TypeS3, Endpoint: s.Endpoint, Bucket: s.Bucket, Path: folder,
		Region: "us-east-1"}
}

func (s *s3) tree(t *testing.T, folder string) *objectstore.Tree {
	t.Helper()
	return s.treeOf(t.Context(), t, s.settings(folder), s.memory)
}

func (s *s3) treeOf(ctx context.Context, t *testing.T, settings objectstore.Settings, m *objectstore.Memory,
) *objectstore.Tree {
	t.Helper()
	if err := settings.Check(); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CA)
	b, err := objectstore.Open(settings, func() (objectstore.Credentials, error) {
		return objectstore.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
	}, pool, m)
	if err != nil {
		t.Fatal(err)
	}
	return b.Tree(ctx, "/", "storage", s.journal)
}

func draftOf(t *testing.T, tree *objectstore.Tree, p string, source unfinished.Source) transfer.Draft {
	t.Helper()
	d, err := tree.Draft(p, source)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// node-101: one suite holds a folder and a bucket to the same ways, and says what each can do. One of the buckets is that
// of a server which runs as a process of its own, built from its module (node-126).
func TestContract(t *testing.T) {
	for name, made := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Logf("capabilities of %s: %+v", name, made(t).Capabilities())
			for what, hold := range map[string]func(*testing.T, place){
				"make": holdsMaking, "list": holdsLists, "rename": holdsRenames, "remove": holdsRemovals,
				"stat": holdsStat, "names": holdsHostileNames, "links": holdsLinks, "space": holdsSpace,
				"draft": holdsDrafts, "resume": holdsResumption, "verify": holdsVerification,
			} {
				t.Run(what, func(t *testing.T) { hold(t, made(t)) })
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p place) names(t *testing.T, folder string) []string {
	t.Helper()
	names := []string{}
	must(t, p.Each(folder, func(e fs.DirEntry) error {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
		return nil
	}))
	slices.Sort(names)
	return names
}

func (p place) has(t *testing.T, folder string, want ...string) {
	t.Helper()
	if got := p.names(t, folder); !slices.Equal(got, want) {
		t.Errorf("%s has %q, want %q", folder, got, want)
	}
}

func (p place) read(t *testing.T, name string) string {
	t.Helper()
	f, err := p.OpenContent(name)
	must(t, err)
	defer f.Close()
	info, err := f.Stat()
	must(t, err)
	text, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	must(t, err)
	return string(text)
}

func isErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func holdsMaking(t *testing.T, p place) {
	p.has(t, "/")
	must(t, p.Mkdir("/empty", 0o755))
	isErr(t, "a folder again", p.Mkdir("/empty", 0o755), fs.ErrExist)
	isErr(t, "a folder in none", p.Mkdir("/no/such", 0o755), fs.ErrNotExist)
	must(t, p.MkdirAll("/a/b/c", 0o755))
	must(t, p.MkdirAll("/a/b/c", 0o755))
	must(t, p.Create("/a/b/f", []byte("content"), 0o644))
	isErr(t, "a file again", p.Create("/a/b/f", []byte("other"), 0o644), fs.ErrExist)
	isErr(t, "a file in none", p.Create("/none/f", nil, 0o644), fs.ErrNotExist)
	isErr(t, "a file beneath a file", p.Create("/a/b/f/g", nil, 0o644), syscall.ENOTDIR)
	isErr(t, "folders beneath a file", p.MkdirAll("/a/b/f/g/h", 0o755), syscall.ENOTDIR)
	must(t, p.Create("/a/b/nothing", nil, 0o644))
	p.has(t, "/", "a/", "empty/")
	p.has(t, "/empty")
	p.has(t, "/a/b", "c/", "f", "nothing")
	if got := p.read(t, "/a/b/f"); got != "content" {
		t.Errorf("the file holds %q", got)
	}
	if got := p.read(t, "/a/b/nothing"); got != "" {
		t.Errorf("the empty file holds %q", got)
	}
}

func holdsLists(t *testing.T, p place) {
	const many = 1203 // more than a server tells at once
	must(t, p.Mkdir("/many", 0o755))
	want := []string{}
	for i := range many {
		name := fmt.Sprintf("f%04d", i)
		must(t, p.Create("/many/"+name, nil, 0o644))
		want = append(want, name)
	}
	must(t, p.MkdirAll("/many/f/below", 0o755))
	want = append(want, "f/")
	slices.Sort(want)
	p.has(t, "/many", want...)
	entries, err := p.ReadDir("/many")
	must(t, err)
	if !slices.IsSortedFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) }) ||
		len(entries) != many+1 {
		t.Errorf("%d entries, or not in the order of their names", len(entries))
	}
	stop := errors.New("stop")
	n := 0
	isErr(t, "a list that is stopped", p.Each("/many", func(fs.DirEntry) error { n++; return stop }), stop)
	if n != 1 {
		t.Errorf("a list that is stopped goes on %d times", n)
	}
	isErr(t, "a list of nothing", p.Each("/none", func(fs.DirEntry) error { return nil }), fs.ErrNotExist)
	isErr(t, "a list of a file", p.Each("/many/f0000", func(fs.DirEntry) error { return nil }), syscall.ENOTDIR)
}

func holdsRenames(t *testing.T, p place) {
	must(t, p.MkdirAll("/a/deep", 0o755))
	must(t, p.MkdirAll("/a/empty", 0o755))
	must(t, p.Create("/a/deep/f", []byte("f"), 0o644))
	must(t, p.Create("/a/g", []byte("g"), 0o644))
	must(t, p.Create("/a/h", []byte("h"), 0o644))
	must(t, p.Rename("/a/g", "/a/i"))
	must(t, p.Rename("/a/h", "/a/i"))
	p.has(t, "/a", "deep/", "empty/", "i")
	if got := p.read(t, "/a/i"); got != "h" {
		t.Errorf("what was replaced holds %q", got)
	}
	must(t, p.Rename("/a", "/b"))
	p.has(t, "/", "b/")
	p.has(t, "/b", "deep/", "empty/", "i")
	p.has(t, "/b/deep", "f")
	must(t, p.Rename("/b/deep/f", "/moved"))
	p.has(t, "/b/deep")
	isErr(t, "nothing", p.Rename("/none", "/x"), fs.ErrNotExist)
	isErr(t, "into nothing", p.Rename("/moved", "/none/x"), fs.ErrNotExist)
	isErr(t, "into itself", p.Rename("/b", "/b/x"), syscall.EINVAL)
	isErr(t, "the top", p.Rename("/", "/x"), storage.ErrIsRoot)
}

func holdsRemovals(t *testing.T, p place) {
	must(t, p.MkdirAll("/a/b/c", 0o755))
	must(t, p.Create("/a/b/f", []byte("f"), 0o644))
	must(t, p.Create("/ab", []byte("beside"), 0o644))
	isErr(t, "a folder that is not empty", p.Remove("/a"), syscall.ENOTEMPTY)
	must(t, p.Remove("/a/b/c"))
	must(t, p.Remove("/a/b/f"))
	p.has(t, "/a/b")
	isErr(t, "a file again", p.Remove("/a/b/f"), fs.ErrNotExist)
	must(t, p.Create("/a/b/g", []byte("g"), 0o644))
	must(t, p.RemoveAll("/a"))
	must(t, p.RemoveAll("/a"))
	p.has(t, "/", "ab")
	isErr(t, "the top", p.RemoveAll("/"), storage.ErrIsRoot)
}

func holdsStat(t *testing.T, p place) {
	must(t, p.MkdirAll("/d", 0o755))
	must(t, p.Create("/d/f", []byte("1234"), 0o644))
	info, one, err := p.Identify("/d/f")
	must(t, err)
	if info.Name() != "f" || info.Size() != 4 || !info.Mode().IsRegular() || time.Since(info.ModTime()) > time.Hour {
		t.Errorf("%+v", info)
	}
	folder, err := p.Lstat("d")
	must(t, err)
	if folder.Name() != "d" || !folder.IsDir() {
		t.Errorf("%+v", folder)
	}
	for _, top := range []string{"", "/", "/..", "."} {
		if info, err := p.Stat(top); err != nil || !info.IsDir() {
			t.Errorf("the top as %q: %v, %v", top, info, err)
		}
	}
	_, err = p.Lstat("/none")
	isErr(t, "nothing", err, fs.ErrNotExist)
	_, err = p.Lstat("/d/f/g")
	isErr(t, "beneath a file", err, syscall.ENOTDIR)
	_, err = p.OpenContent("/none")
	isErr(t, "content of nothing", err, fs.ErrNotExist)
	must(t, p.Remove("/d/f"))
	must(t, p.Create("/d/f", []byte("4321"), 0o644))
	if _, other, err := p.Identify("/d/f"); err != nil || other == one {
		t.Errorf("another file is taken for the one before: %v", err)
	}
}

func holdsHostileNames(t *testing.T, p place) {
	must(t, p.Mkdir("/names", 0o755))
	names := []string{"a b", "with:colon", "ü", "+", "%2F", "a&b=c?d#e", "'\"<>", "\\", "..a", "new\nline",
		strings.Repeat("x", 255), "~", "*"}
	for _, name := range names {
		must(t, p.Create("/names/"+name, []byte(name), 0o644))
		if got := p.read(t, "/names/"+name); got != name {
			t.Errorf("%q holds %q", name, got)
		}
	}
	slices.Sort(names)
	p.has(t, "/names", names...)
	for _, name := range names {
		must(t, p.Rename("/names/"+name, "/names/renamed"))
		must(t, p.Rename("/names/renamed", "/names/"+name))
	}
	p.has(t, "/names", names...)
	for _, name := range []string{"nul\x00", "\xff", strings.Repeat("y", 256)} {
		isErr(t, fmt.Sprintf("%.9q", name), p.Create("/names/"+name, nil, 0o644), storage.ErrBadPath)
	}
	must(t, p.Create("/../names/../up", nil, 0o644))
	p.has(t, "/", "names/", "up")
}

func holdsLinks(t *testing.T, p place) {
	err := p.Symlink("target", "/link")
	if p.Capabilities().Links {
		must(t, err)
		text, err := p.Readlink("/link")
		must(t, err)
		if text != "target" {
			t.Errorf("the link says %q", text)
		}
		return
	}
	isErr(t, "a link", err, errors.ErrUnsupported)
	p.has(t, "/")
}

func holdsSpace(t *testing.T, p place) {
	space, err := p.Space("/")
	if p.Capabilities().Space {
		must(t, err)
		if space.Total <= 0 {
			t.Errorf("%+v", space)
		}
		return
	}
	isErr(t, "space", err, storage.ErrSpaceUnknown)
	if space != (storage.Space{}) {
		t.Errorf("node-122: %+v", space)
	}
}

func content(size int64) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(b) // It never fails.
	return b
}

// write writes chunks of a draft, and notes them as a receiver does.
func write(t *testing.T, d transfer.Draft, b []byte, hashes *chunk.Hashes, numbers []int64) {
	t.Helper()
	size := int64(len(b))
	f, err := d.Open()
	must(t, err)
	defer f.Close()
	for _, i := range numbers {
		g := chunk.At(i, size)
		half := g.Length / 2 // the end first
		for _, r := range []chunk.Range{{Offset: g.Offset + half, Length: g.Length - half},
			{Offset: g.Offset, Length: half}} {
			if n, err := f.WriteAt(b[r.Offset:r.End()], r.Offset); err != nil || int64(n) != r.Length {
				t.Fatalf("write %d at %d: %d, %v", r.Length, r.Offset, n, err)
			}
		}
		buf := chunk.TakeBuffer()
		sum, err := chunk.HashAt(f, g, buf)
		buf.GiveBack()
		must(t, err)
		hashes.Set(i, sum)
		if size > chunk.Size {
			must(t, d.Append(i, sum, hashes, chunk.Set{{Offset: 0, Length: size}}))
		}
	}
	must(t, f.Reach())
}

// shuffled are the numbers of all chunks, in an order in which no part is whole for long.
func shuffled(size int64) []int64 {
	numbers := chunk.All(size)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
	return numbers
}

func holdsDrafts(t *testing.T, p place) {
	must(t, p.Mkdir("/d", 0o755))
	for _, size := range []int64{0, 1, chunk.Size, 3<<20 + 1, 8 << 20, 8<<20 + 1, 26<<20 + 7} {
		name := fmt.Sprintf("/d/%d", size)
		b := content(size)
		d := p.draft(t, name, unfinished.Source{Name: path.Base(name), Size: size, ModTime: 1e18})
		d.Find()
		hashes := chunk.NewHashes(size)
		write(t, d, b, &hashes, shuffled(size))
		if _, err := p.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is visible before it is whole: %v", name, err)
		}
		must(t, d.Check())
		must(t, d.Commit())
		d.Release()
		if got := p.read(t, name); got != string(b) {
			t.Errorf("%s is not what was written", name)
		}
		must(t, p.Remove(name))
	}
	p.has(t, "/d")
}

func holdsResumption(t *testing.T, p place) {
	const size = 40<<20 + 3
	source := unfinished.Source{Name: "f", Size: size, ModTime: 1e18}
	b := content(size)
	hashes := chunk.NewHashes(size)
	first := p.draft(t, "/f", source)
	first.Find()
	write(t, first, b, &hashes, chunk.All(size)[:21])
	first.CloseJournal()
	must(t, first.Check())
	// What is on its way arrives, or the other session would find less.
	var again transfer.Draft
	var found map[int64][16]byte
	for end := time.Now().Add(time.Minute); len(found) < 16 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		again = p.draft(t, "/f", source)
		found = again.Find()
	}
	if len(found) < 16 || len(found) > 21 {
		t.Fatalf("%d chunks are found of 21", len(found))
	}
	first.Release()
	known := chunk.NewHashes(size)
	f, err := again.OpenKnown()
	must(t, err)
	var missing []int64
	for i := range chunk.Count(size) {
		sum, ok := found[i]
		if !ok {
			missing = append(missing, i)
			continue
		}
		if sum != hashes.Sum(i) {
			t.Errorf("chunk %d has another hash", i)
		}
		known.Set(i, sum)
	}
	must(t, f.Close())
	write(t, again, b, &known, missing)
	must(t, again.Commit())
	if got := p.read(t, "/f"); got != string(b) {
		t.Error("the file is not what was written")
	}
	other := p.draft(t, "/g", unfinished.Source{Name: "g", Size: size, ModTime: 2e18})
	if found := other.Find(); len(found) > 0 {
		t.Errorf("%d chunks are found of a file that was never sent", len(found))
	}
}

func holdsVerification(t *testing.T, p place) {
	const size = 17 << 20
	source := unfinished.Source{Name: "f", Size: size, ModTime: 1e18}
	hashes := chunk.NewHashes(size)
	d := p.draft(t, "/f", source)
	write(t, d, bytes.Repeat([]byte("x"), size), &hashes, chunk.All(size))
	must(t, d.Remove())
	p.has(t, "/")
	if found := p.draft(t, "/f", source).Find(); len(found) > 0 {
		t.Errorf("%d chunks are there of what was removed", len(found))
	}
}
