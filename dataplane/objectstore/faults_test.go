package objectstore_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/unfinished"
	"faspex.io/operator/test/s3d"
)

// node-105: parts are equal but for the last, whole MiB, and at most 10,000, up to the largest object that S3 takes.
func TestPartSizes(t *testing.T) {
	const mib, tib = int64(1) << 20, int64(1) << 40
	for size, want := range map[int64]int64{
		1: 8 * mib, 8 * mib: 8 * mib, 9000 * 8 * mib: 8 * mib, 9000*8*mib + 1: 9 * mib, 5 * tib: 583 * mib,
	} {
		got := objectstore.PartSize(size)
		if got != want {
			t.Errorf("a file of %d bytes has parts of %d, want %d", size, got, want)
		}
		if n := (size + got - 1) / got; n > 10_000 {
			t.Errorf("a file of %d bytes has %d parts", size, n)
		}
	}
	if objectstore.PartSize(objectstore.MostSize) != 64*mib {
		t.Errorf("the largest file has parts of %d bytes", objectstore.PartSize(objectstore.MostSize))
	}
}

func TestTooLargeAFileIsRefused(t *testing.T) {
	s := startS3(t)
	_, err := s.tree(t, "/").Draft("/f", unfinished.Source{Name: "f", Size: objectstore.MostSize + 1})
	var known *fail.Error
	if !errors.As(err, &known) || known.Code != fail.FileTooBig || !strings.Contains(known.Text, "f: a file of more than") {
		t.Error(err)
	}
}

// whole writes all of a draft.
func whole(t *testing.T, d transfer.Draft, b []byte) {
	t.Helper()
	hashes := chunk.NewHashes(int64(len(b)))
	write(t, d, b, &hashes, chunk.All(int64(len(b))))
}

func source(size int) unfinished.Source {
	return unfinished.Source{Name: "f", Size: int64(size), ModTime: 1e18}
}

// Two writers of one name: the one that commits first wins, and the other one's file is told so, whatever its size. What
// replaces an object replaces the one that was looked at.
func TestTwoWritersOfOneName(t *testing.T) {
	s := startS3(t)
	for name, size := range map[string]int{"one part": 3 << 20, "several parts": 9 << 20} {
		t.Run(name, func(t *testing.T) {
			tree := s.tree(t, "/"+strings.ReplaceAll(name, " ", "-"))
			b := content(int64(size))
			one := draftOf(t, tree, "/f", source(size))
			whole(t, one, b)
			must(t, one.Commit())
			b2 := content(int64(size))
			b2[0]++
			other := draftOf(t, tree, "/f", source(size))
			whole(t, other, b2)
			var known *fail.Error
			if err := other.Commit(); !errors.As(err, &known) || known.Code != fail.AlreadyExists {
				t.Errorf("a second object of the name: %v", err)
			}
			info, err := tree.Lstat("/f")
			must(t, err)
			next := draftOf(t, tree, "/f", source(size))
			next.Replaces(info)
			whole(t, next, b2)
			must(t, next.Commit())
			late := draftOf(t, tree, "/f", source(size))
			late.Replaces(info) // It is another one by now.
			whole(t, late, b)
			if err := late.Commit(); !errors.As(err, &known) || known.Code != fail.AlreadyExists {
				t.Errorf("an object that was replaced meanwhile is replaced: %v", err)
			}
			if got := (place{Tree: tree}).read(t, "/f"); got != string(b2) {
				t.Error("the object is not what won")
			}
		})
	}
}

// A server that refuses requests for a while, or closes connections, slows an upload and fails nothing.
func TestServerIsBusyForAWhile(t *testing.T) {
	s := startS3(t)
	tree := s.tree(t, "/")
	var refused atomic.Int32
	s.Before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return true
		}
		switch n := refused.Add(1); {
		case n > 8:
			return true
		case n%2 == 0:
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return false
	})
	b := content(17 << 20)
	d := draftOf(t, tree, "/f", source(len(b)))
	whole(t, d, b)
	must(t, d.Commit())
	if refused.Load() <= 8 {
		t.Error("the server refused nothing")
	}
	if got := (place{Tree: tree}).read(t, "/f"); got != string(b) {
		t.Error("the object is not what was written")
	}
}

// Refused credentials fail with their code, and nothing tells them.
func TestRefusedCredentials(t *testing.T) {
	s := startS3(t)
	tree := s.tree(t, "/")
	b := content(9 << 20)
	d := draftOf(t, tree, "/f", source(len(b)))
	must(t, tree.Create("/there", []byte("x"), 0o644))
	s.Before(s3d.Refuse)
	_, err := d.Open()
	_, listed := tree.ReadDir("/")
	_, opened := tree.OpenContent("/there")
	for what, err := range map[string]error{
		"upload": err, "list": listed, "read": opened, "file": tree.Create("/g", nil, 0o644), "remove": tree.Remove("/there"),
	} {
		got := fail.File("name", err, fail.DiskWrite)
		if got.Code != fail.StorageRefused || got.Passing || !strings.Contains(got.Text, "storage.credentials") {
			t.Errorf("%s: code %d, %q", what, got.Code, got.Text)
		}
		if strings.Contains(got.Text, "secret ") || strings.Contains(got.Text, "(id)") {
			t.Errorf("%s tells the credentials: %q", what, got.Text)
		}
	}
}

// A slow server slows who writes, and what is held in memory stays within its limit.
func TestMemoryIsBounded(t *testing.T) {
	s := startS3(t)
	const limit = 32 << 20
	m := objectstore.NewMemory(limit, 0)
	tree := s.treeOf(t.Context(), t, s.settings("/"), m)
	open := make(chan struct{})
	s.Before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			<-open
		}
		return true
	})
	b := content(80 << 20)
	d := draftOf(t, tree, "/f", source(len(b)))
	written := make(chan struct{})
	go func() {
		defer close(written)
		whole(t, d, b)
	}()
	waitFor(t, "memory that is used up", func() bool { used, _ := m.Usage(); return used == limit })
	select {
	case <-written:
		t.Error("all is written, and nothing has arrived")
	default:
	}
	close(open)
	<-written
	must(t, d.Commit())
	d.Release()
	if used, peak := m.Usage(); used != 0 || peak > limit {
		t.Errorf("%d bytes are still held, %d were at most, the limit is %d", used, peak, limit)
	}
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what + " did not come")
		}
	}
}

// Drafts whose holes are behind those who wait get memory beyond the limit, and come to an end.
func TestMemoryWithHolesComesToAnEnd(t *testing.T) {
	s := startS3(t)
	m := objectstore.NewMemory(16<<20, 0)
	tree := s.treeOf(t.Context(), t, s.settings("/"), m)
	const size = 48 << 20
	b := content(size)
	d := draftOf(t, tree, "/f", source(size))
	hashes := chunk.NewHashes(size)
	var first, rest []int64
	for _, i := range chunk.All(size) {
		if i%8 == 3 {
			rest = append(rest, i)
		} else {
			first = append(first, i)
		}
	}
	write(t, d, b, &hashes, append(first, rest...))
	must(t, d.Commit())
	if used, _ := m.Usage(); used != 0 {
		t.Errorf("%d bytes are still held", used)
	}
	if got := (place{Tree: tree}).read(t, "/f"); got != string(b) {
		t.Error("the object is not what was written")
	}
}

// node-109: a file is read ahead, what is read again costs no request, and one that changes meanwhile fails.
func TestReads(t *testing.T) {
	s := startS3(t)
	tree := s.tree(t, "/")
	b := content(26<<20 + 1)
	d := draftOf(t, tree, "/f", source(len(b)))
	whole(t, d, b)
	must(t, d.Commit())
	var gets atomic.Int32
	s.Before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			gets.Add(1)
		}
		return true
	})
	f, err := tree.OpenContent("/f")
	must(t, err)
	defer f.Close()
	buf := make([]byte, 1<<20)
	if n, err := f.ReadAt(buf, 0); err != nil || n != len(buf) {
		t.Fatal(n, err)
	}
	waitFor(t, "the blocks behind the one that was asked for", func() bool { return gets.Load() == 4 })
	for round := range 2 {
		for off := 0; off < len(b); off += len(buf) {
			n, err := f.ReadAt(buf, int64(off))
			if err != nil && !errors.Is(err, io.EOF) || string(buf[:n]) != string(b[off:off+n]) {
				t.Fatalf("round %d at %d: %v", round, off, err)
			}
		}
	}
	if gets.Load() != 7 {
		t.Errorf("%d requests for 7 blocks", gets.Load())
	}
	g, err := tree.OpenContent("/f")
	must(t, err)
	defer g.Close()
	must(t, tree.Remove("/f"))
	must(t, tree.Create("/f", b[:5], 0o644))
	_, err = g.ReadAt(buf, 20<<20)
	if !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("an object that has changed: %v", err)
	}
	if got := fail.File("f", err, fail.DiskRead); got.Code != 35 {
		t.Errorf("code %d, %q", got.Code, got.Text)
	}
}

// What the settings say of encryption and storage arrives as headers.
func TestHeaders(t *testing.T) {
	s := startS3(t)
	var mu sync.Mutex
	seen := map[string]http.Header{}
	s.Before(func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPut || r.Method == http.MethodPost {
			seen[r.Method+" "+r.URL.Path+"?"+strings.SplitN(r.URL.RawQuery, "=", 2)[0]] = r.Header.Clone()
		}
		return true
	})
	settings := s.settings("/")
	settings.ServerSideEncryption, settings.KMSKeyID, settings.StorageClass = "aws:kms", "key-1", "STANDARD_IA"
	tree := s.treeOf(t.Context(), t, settings, s.memory)
	must(t, tree.Create("/small", []byte("x"), 0o644))
	d := draftOf(t, tree, "/big", source(9<<20))
	whole(t, d, content(9<<20))
	must(t, d.Commit())
	must(t, tree.Rename("/small", "/copied"))
	for _, request := range []string{"PUT /backups/small?", "POST /backups/big?uploads", "PUT /backups/copied?"} {
		h := seen[request]
		if h.Get("X-Amz-Server-Side-Encryption") != "aws:kms" || h.Get("X-Amz-Storage-Class") != "STANDARD_IA" ||
			h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "key-1" {
			t.Errorf("%s: %v, of %d requests", request, h, len(seen))
		}
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	good := objectstore.Settings{Type: "aws_s3", Bucket: "bucket", Path: "/"}
	for want, change := range map[string]func(*objectstore.Settings){
		"Azure":                               func(s *objectstore.Settings) { s.Type = "azure" },
		"Google":                              func(s *objectstore.Settings) { s.Type = "google-gcs" },
		"storage.type":                        func(s *objectstore.Settings) { s.Type = "floppy" },
		"storage.bucket":                      func(s *objectstore.Settings) { s.Bucket = "a/b" },
		"storage.endpoint":                    func(s *objectstore.Settings) { s.Endpoint = "https://user:pw@host/x" },
		"storage.region":                      func(s *objectstore.Settings) { s.Region = "Mars 1" },
		"storage.server_side_encryption must": func(s *objectstore.Settings) { s.ServerSideEncryption = "rot13" },
		"storage.server_side_encryption_aws":  func(s *objectstore.Settings) { s.KMSKeyID = "k" },
		"storage.storage_class":               func(s *objectstore.Settings) { s.StorageClass = "x\r\ny" },
		"storage.path":                        func(s *objectstore.Settings) { s.Path = "\x00" },
	} {
		s := good
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v", want, err)
		}
	}
	must(t, good.Check())
}

// An upload whose session is over gives its memory back, and its parts are there for the next.
func TestCancelledUpload(t *testing.T) {
	s := startS3(t)
	m := objectstore.NewMemory(objectstore.DefaultMemory, 0)
	ctx, cancel := context.WithCancel(t.Context())
	tree := s.treeOf(ctx, t, s.settings("/"), m)
	d := draftOf(t, tree, "/f", source(24<<20))
	hashes := chunk.NewHashes(24 << 20)
	write(t, d, content(24<<20), &hashes, chunk.All(24 << 20)[:12])
	waitFor(t, "the first part", func() bool {
		u, err := s.journal.FindUpload(t.Context(), "storage", "f")
		return err == nil && len(u.Parts) == 1
	})
	cancel()
	if err := d.Commit(); err == nil {
		t.Error("what is not whole is committed")
	}
	d.Release()
	waitFor(t, "memory", func() bool { used, _ := m.Usage(); return used == 0 })
	if _, err := s.tree(t, "/").Lstat("/f"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if found := draftOf(t, s.tree(t, "/"), "/f", source(24<<20)).Find(); len(found) != 8 {
		t.Errorf("%d chunks are found", len(found))
	}
}

var _ storage.Tree = (*objectstore.Tree)(nil)
