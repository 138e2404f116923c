package nodetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/sshd/dial"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// session runs a Client with an Upload.
type session struct {
	*transfer.Upload
	ended  chan struct{}
	cancel context.CancelFunc
	err    error
	sum    transfer.Summary
}

func begin(t *testing.T, spec transferspec.Spec, m *transfer.Memory, entries []transfer.UploadEntry) *session {
	t.Helper()
	u, err := transfer.NewUpload(m, entries)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, spec, u)
}

func run(t *testing.T, spec transferspec.Spec, u *transfer.Upload) *session {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	channel, err := dial.Open(ctx, dial.Options{
		Host: spec.RemoteHost, Port: spec.SSHPort, User: spec.RemoteUser, Token: true,
		HostKey: &dial.HostKey{Fingerprint: spec.SSHFP},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &transfer.Client{
		Upload: u,
		Hello: control.Hello{
			Agent: "test", Direction: "send", Token: spec.Token, Destination: spec.DestinationRoot, Tags: spec.Tags,
			Cookie:  spec.Cookie,
			Options: control.Options{CreateDir: true, PreserveTimes: true},
		},
		Dial: func(ctx context.Context, port int, cfg engine.Config) (engine.Link, error) {
			return udplink.Dial(ctx, net.JoinHostPort(spec.RemoteHost, strconv.Itoa(port)), cfg, udplink.Options{})
		},
	}
	s := &session{Upload: u, ended: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(s.ended)
		s.sum, s.err = c.Run(ctx, channel)
	}()
	t.Cleanup(func() { cancel(); <-s.ended })
	return s
}

func (s *session) wait(t *testing.T) {
	t.Helper()
	<-s.ended
	if s.err != nil {
		t.Fatalf("the session failed: %v", s.err)
	}
}

func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0] = byte(seed)
	rand.NewChaCha8(key).Read(b)
	return b
}

func has(t *testing.T, n *Node, name string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(n.Dir, name))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, not the %d that were sent (%v)", name, len(got), len(want), err)
	}
}

var modified = time.UnixMilli(1_700_000_000_123)

func TestUploadTakesFilesAtOnceAndInAnyOrder(t *testing.T) {
	n := Start(t)
	m := transfer.NewMemory(8<<20, 8<<20)
	var entries []transfer.UploadEntry
	entries = append(entries, transfer.UploadEntry{Path: "d", Folder: true}, transfer.UploadEntry{Path: "none",
		Folder: true},
		transfer.UploadEntry{Path: "d/empty", ModTime: modified})
	content := map[int][]byte{}
	for i := range 8 {
		content[len(entries)] = noise(uint64(i), i*1_700_001+1)
		entries = append(entries, transfer.UploadEntry{Path: fmt.Sprintf("d/%d", i), Size: int64(i*1_700_001 + 1),
			ModTime: modified})
	}
	s := begin(t, n.Upload(t, "/in"), m, entries)
	// The last file goes first and all the others at once, in odd pieces.
	give := func(i int) {
		b := content[i]
		for off := 0; off < len(b); {
			piece := b[off:min(len(b), off+333_333)]
			var r io.Reader = bytes.NewReader(piece)
			if i%2 == 0 {
				r = iotest.DataErrReader(r) // As bodies of requests do.
			}
			got, err := s.ReadFrom(t.Context(), i, int64(off), r)
			if err != nil || got != int64(len(piece)) {
				t.Errorf("file %d at %d: %d, %v", i, off, got, err)
				return
			}
			off += len(piece)
		}
	}
	give(len(entries) - 1)
	var group sync.WaitGroup
	for i := range content {
		if i != len(entries)-1 {
			group.Go(func() { give(i) })
		}
	}
	group.Wait()
	for i := range content {
		if err := s.Wait(t.Context(), i); err != nil {
			t.Errorf("file %d: %v", i, err)
		}
	}
	s.wait(t)
	for i, b := range content {
		has(t, n, "in/"+entries[i].Path, b)
	}
	has(t, n, "in/d/empty", nil)
	if info, err := os.Stat(filepath.Join(n.Dir, "in/none")); err != nil || !info.IsDir() {
		t.Errorf("the empty folder: %v", err)
	}
	if used := m.Used(); used != 0 {
		t.Errorf("%d bytes are kept after the end", used)
	}
}

func TestUploadGoesOnWhereTheNodeWasLeft(t *testing.T) {
	n := Start(t)
	b := noise(1, 9<<20+77)
	entries := []transfer.UploadEntry{{Path: "big", Size: int64(len(b)), ModTime: modified}, {Path: "whole",
		Size: 5 << 20, ModTime: modified}}
	m := transfer.NewMemory(8<<20, 8<<20)
	s := begin(t, n.Upload(t, "/in"), m, entries)
	if _, err := s.ReadFrom(t.Context(), 1, 0, bytes.NewReader(noise(2, 5<<20))); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ReadFrom(t.Context(), 0, 0, bytes.NewReader(b[:5<<20])); err != nil {
		t.Fatal(err)
	}
	for m.Used() > 0 { // All of it has arrived.
		time.Sleep(time.Millisecond)
	}
	s.cancel()
	<-s.ended
	if _, err := os.Stat(filepath.Join(n.Dir, "in/big")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not whole is there: %v", err)
	}
	n.Last(t).Ended(t)

	s = begin(t, n.Upload(t, "/in"), m, entries)
	off, err := s.Offset(t.Context(), 0)
	if err != nil || off != 5<<20 {
		t.Fatalf("it goes on at %d: %v", off, err)
	}
	if off, err := s.Offset(t.Context(), 1); err != nil || off != 5<<20 {
		t.Errorf("what is whole goes on at %d: %v", off, err)
	}
	if _, err := s.ReadFrom(t.Context(), 0, 0, bytes.NewReader(b)); !errors.Is(err, transfer.ErrOffset) {
		t.Errorf("bytes at a wrong offset: %v", err)
	}
	if _, err := s.ReadFrom(t.Context(), 0, off, bytes.NewReader(b[off:])); err != nil {
		t.Fatal(err)
	}
	s.wait(t)
	has(t, n, "in/big", b)
	if s.sum.BytesMoved > int64(len(b))-off {
		t.Errorf("%d bytes were sent again", s.sum.BytesMoved-int64(len(b))+off)
	}
	// Another version begins anew.
	entries[0].ModTime = modified.Add(time.Second)
	s = begin(t, n.Upload(t, "/in"), m, entries)
	if off, err := s.Offset(t.Context(), 0); err != nil || off != 0 {
		t.Errorf("another version goes on at %d: %v", off, err)
	}
}

func TestUploadMemoryIsBoundedWhoeverWaits(t *testing.T) {
	n := Start(t)
	m := transfer.NewMemory(4<<20, 4<<20)
	const size = 64 << 20
	s := begin(t, n.Upload(t, "/in"), m, []transfer.UploadEntry{{Path: "a", Size: size, ModTime: modified},
		{Path: "b", Size: size, ModTime: modified}})
	var group sync.WaitGroup
	for i := range 2 {
		group.Go(func() {
			if _, err := s.ReadFrom(t.Context(), i, 0, &watched{r: bytes.NewReader(noise(uint64(i), size)), m: m,
				t: t}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s.wait(t)
	has(t, n, "in/a", noise(0, size))
	has(t, n, "in/b", noise(1, size))
}

// watched looks at the memory while it is read.
type watched struct {
	r io.Reader
	m *transfer.Memory
	t *testing.T
}

func (w *watched) Read(p []byte) (int, error) {
	if used := w.m.Used(); used > 6<<20 {
		w.t.Errorf("%d bytes are kept", used)
	}
	return w.r.Read(p)
}

func TestUploadRefusesMoreThanWasAnnounced(t *testing.T) {
	n := Start(t)
	m := transfer.NewMemory(4<<20, 4<<20)
	s := begin(t, n.Upload(t, "/in"), m, []transfer.UploadEntry{{Path: "a", Size: 2 << 20, ModTime: modified},
		{Path: "b", Size: 3, ModTime: modified}})
	if _, err := s.ReadFrom(t.Context(), 0, 0, bytes.NewReader(noise(1, 2<<20+1))); !errors.Is(err,
		transfer.ErrTooLong) {
		t.Errorf("one byte more: %v", err)
	}
	if _, err := s.ReadFrom(t.Context(), 1, 0, bytes.NewReader([]byte("abc"))); err != nil {
		t.Error(err)
	}
	<-s.ended
	var failure *fail.Error
	if !errors.As(s.err, &failure) || failure.Code != fail.SomeFiles {
		t.Errorf("the session ends with %v", s.err)
	}
	has(t, n, "in/b", []byte("abc"))
	if _, err := os.Stat(filepath.Join(n.Dir, "in/a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is too long is there: %v", err)
	}
}

// TestOpenUploadTakesFilesWhileItRuns: the entries come with their bytes, and the session ends when no more are to
// come.
func TestOpenUploadTakesFilesWhileItRuns(t *testing.T) {
	n := Start(t)
	u, err := transfer.NewOpenUpload(transfer.NewMemory(8<<20, 8<<20), 4)
	if err != nil {
		t.Fatal(err)
	}
	s := run(t, n.Upload(t, "/in"), u)
	for i, size := range []int{3 << 20, 0, 5} {
		content := noise(uint64(i), size)
		entry, err := s.Add(transfer.UploadEntry{Path: fmt.Sprintf("f%d", i), Size: int64(size), ModTime: modified})
		if err != nil || entry != i {
			t.Fatalf("entry %d, %v", entry, err)
		}
		if size > 0 {
			if _, err := s.ReadFrom(t.Context(), entry, 0, bytes.NewReader(content)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Wait(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
		has(t, n, fmt.Sprintf("in/f%d", i), content)
	}
	for _, bad := range []string{"", "../x", "/x"} {
		if _, err := s.Add(transfer.UploadEntry{Path: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := s.Add(transfer.UploadEntry{Path: "d", Folder: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(transfer.UploadEntry{Path: "one more"}); err == nil {
		t.Error("more entries are taken than were announced")
	}
	s.Close()
	s.wait(t)
	if _, err := s.Add(transfer.UploadEntry{Path: "late"}); err == nil {
		t.Error("an entry is taken after the end")
	}
	if s.sum.FilesDone != 3 {
		t.Errorf("%d files, want 3", s.sum.FilesDone)
	}
}

// TestOpenUploadThatIsGivenUp: its session ends, and what is added then is refused.
func TestOpenUploadThatIsGivenUp(t *testing.T) {
	n := Start(t)
	u, err := transfer.NewOpenUpload(transfer.NewMemory(8<<20, 8<<20), 4)
	if err != nil {
		t.Fatal(err)
	}
	s := run(t, n.Upload(t, "/in"), u)
	if _, err := s.Add(transfer.UploadEntry{Path: "f", Size: 10}); err != nil {
		t.Fatal(err)
	}
	s.cancel()
	<-s.ended
	if _, err := s.Add(transfer.UploadEntry{Path: "g"}); err == nil {
		t.Error("an entry is taken")
	}
}

// A node hears of so many files at a time; the rest follow as those are done.
func TestUploadOfMoreFilesThanANodeHearsOfAtOnce(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "nodetest") // Disks take minutes to remove so many files.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	n := StartIn(t, dir)
	m := transfer.NewMemory(8<<20, 8<<20)
	entries := make([]transfer.UploadEntry, transfer.MostListed+5000)
	for i := range entries {
		entries[i] = transfer.UploadEntry{Path: fmt.Sprintf("%d/%d", i%64, i), Size: 1, ModTime: modified}
	}
	s := begin(t, n.Upload(t, "/in"), m, entries)
	if _, err := s.Offset(t.Context(), transfer.MostListed/2); err != nil {
		t.Fatal(err)
	}
	if s.State(len(entries) - 1).Known {
		t.Error("the last file is known before any is done")
	}
	for i := range entries {
		if _, err := s.ReadFrom(t.Context(), i, 0, bytes.NewReader([]byte{byte(i)})); err != nil {
			t.Fatal(err)
		}
	}
	s.wait(t)
	last := len(entries) - 1
	has(t, n, "in/"+entries[last].Path, []byte{byte(last)})
	if s.sum.FilesDone != int64(len(entries)) {
		t.Errorf("%d of %d files are done", s.sum.FilesDone, len(entries))
	}
}

// late has a reader be in the middle of a read while the session ends.
type late struct {
	s     *session
	ended bool
}

func (l *late) Read(p []byte) (int, error) {
	if l.ended {
		l.s.cancel()
		<-l.s.ended
	}
	l.ended = true
	return copy(p, "some bytes"), nil
}

// TestUploadThatEndsWhileItIsFed: a body that is still being read when its session ends is told so.
func TestUploadThatEndsWhileItIsFed(t *testing.T) {
	n := Start(t)
	s := begin(t, n.Upload(t, "/in"), transfer.NewMemory(4<<20, 4<<20),
		[]transfer.UploadEntry{{Path: "a", Size: 1 << 20, ModTime: modified}})
	if got, err := s.ReadFrom(t.Context(), 0, 0, &late{s: s}); err == nil || got != 10 {
		t.Errorf("%d bytes are taken (%v)", got, err)
	}
}
