package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// UploadEntry is a file or folder of an Upload.
type UploadEntry struct {
	// Path is relative to the destination, slash-separated.
	Path   string
	Folder bool
	Size   int64
	// ModTime identifies, with the size, the version of the file: what a receiver has of it is gone on with.
	ModTime time.Time
}

// Upload is what a Client sends when the bytes come over time, instead of from files: those of each file in order,
// those of different files at once. Nothing is kept but what the receiver has not acknowledged, in slabs of a Memory.
// The offsets at which files begin are the receiver's word: it may have a part of them already, of which it tells the
// hashes.
//
// The methods may be called from any goroutine, before, while and after the Client runs; they wait for it where they
// need to.
type Upload struct {
	memory *Memory
	files  []*uploadFile // by index of the entry; nil for folders
	list   []UploadEntry

	held  atomic.Int32 // slabs
	ended atomic.Bool  // the session

	mu     sync.Mutex
	sender *sender
	cause  error
	open   bool          // entries may be added
	grown  chan struct{} // closed when one is, or no more are; nil unless open
}

// uploadFile is what an Upload knows of a file.
type uploadFile struct {
	index int
	size  int64

	feeding sync.Mutex  // held by who gives bytes
	over    atomic.Bool // the receiver is done with it, or the session has ended; set under mu

	mu    sync.Mutex
	told  chan struct{} // closed once next is known, or the file is done; made when somebody waits
	done  chan struct{} // likewise, once the file is done
	known bool          // the receiver has said what it has of the file
	busy  bool          // somebody gives bytes
	err   *fail.Error
	next  int64 // bytes before it need not be given
	sent  *sentFile
	slabs map[int64]*uploadedSlab // by number
}

// Errors of giving bytes.
var (
	// ErrOffset says that bytes were given that do not follow those before.
	ErrOffset = errors.New("the bytes do not begin where the file ends so far")
	// ErrTooLong says that a file has more bytes than its entry says. It fails then.
	ErrTooLong = errors.New("the file has more bytes than were announced")
)

// NewUpload makes an upload of entries, a folder before what it holds, which is not begun. The Memory is shared with
// others.
func NewUpload(m *Memory, entries []UploadEntry) (*Upload, error) {
	if len(entries) > control.MaxEntries {
		return nil, fail.New(fail.Usage, "more than %d files and folders in one upload, send them in several",
			control.MaxEntries)
	}
	u := &Upload{memory: m, list: entries, files: make([]*uploadFile, len(entries))}
	for i, e := range entries {
		if err := e.check(); err != nil {
			return nil, err
		}
		if !e.Folder {
			u.files[i] = &uploadFile{index: i, size: e.Size}
		}
	}
	return u, nil
}

func (e UploadEntry) check() error {
	if e.Path == "" || e.Path != path.Clean(e.Path) || strings.HasPrefix(e.Path, "/") || e.Path == ".." ||
		strings.HasPrefix(e.Path, "../") {
		return fail.New(fail.BadPath, "%q: not a relative path", e.Path)
	}
	if e.Size < 0 || e.Size > control.MaxSpace || e.Folder && e.Size > 0 {
		return fail.New(fail.Usage, "%s: %d is no size", e.Path, e.Size)
	}
	return nil
}

// Offset is how many bytes of a file were given or are at the receiver. It waits until the receiver has said that, or
// ctx ends.
func (u *Upload) Offset(ctx context.Context, entry int) (int64, error) {
	f, err := u.file(entry)
	if err != nil {
		return 0, err
	}
	if err := f.await(ctx, false); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.next, f.err
	}
	return f.next, nil
}

// FileState is a file of an Upload as it is now.
type FileState struct {
	// Known says that Offset need not wait, Done that nothing more happens with the file: it is at the receiver, or
	// Err says why not.
	Known, Done bool
	Offset      int64
	Err         *fail.Error
}

// State is how a file is now.
func (u *Upload) State(entry int) FileState {
	f, err := u.file(entry)
	if err != nil {
		return FileState{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return FileState{Known: f.known || f.over.Load(), Done: f.over.Load(), Offset: f.next, Err: f.err}
}

// Wait returns when the receiver is done with a file: nil if the file is there, or why not.
func (u *Upload) Wait(ctx context.Context, entry int) error {
	f, err := u.file(entry)
	if err != nil {
		return err
	}
	if err := f.await(ctx, true); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	return nil
}

func (u *Upload) file(entry int) (*uploadFile, error) {
	if entry < 0 || entry >= len(u.files) || u.files[entry] == nil {
		return nil, fail.New(fail.NoSuchFile, "entry %d of the upload is no file", entry)
	}
	return u.files[entry], nil
}

// await waits until it is known where a file begins, or until it is done.
func (f *uploadFile) await(ctx context.Context, done bool) error {
	f.mu.Lock()
	if f.over.Load() || f.known && !done {
		f.mu.Unlock()
		return nil
	}
	signal := &f.told
	if done {
		signal = &f.done
	}
	if *signal == nil {
		*signal = make(chan struct{})
	}
	wait := *signal
	f.mu.Unlock()
	select {
	case <-wait:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ReadFrom takes the bytes of a file from off on out of r, until r or the file ends, and returns how many it took.
// Those are with the upload whatever the error. It waits for room, and for others who give bytes of the same file.
// ErrOffset says that off is not Offset; ErrTooLong that r goes on behind the end of the file. Errors of r are given
// as they are.
func (u *Upload) ReadFrom(ctx context.Context, entry int, off int64, r io.Reader) (n int64, err error) {
	f, err := u.file(entry)
	if err != nil {
		return 0, err
	}
	if err := f.await(ctx, false); err != nil {
		return 0, err
	}
	f.feeding.Lock()
	defer f.feeding.Unlock()
	f.setBusy(true)
	defer u.rest(f)
	if off != f.offset() {
		return 0, fmt.Errorf("%w: at %d, not at %d", ErrOffset, f.offset(), off)
	}
	for off+n < f.size {
		got, err := u.feed(ctx, f, off+n, r)
		n += int64(got)
		switch {
		case err == nil, off+n == f.size:
		case err == io.EOF: //nolint:errorlint // a Reader's end is not wrapped
			return n, nil
		default:
			return n, err
		}
	}
	if n > 0 {
		// The last bytes are the file's once nothing follows them. That r fails behind them does not matter.
		if more, _ := io.ReadFull(r, make([]byte, 1)); more > 0 {
			u.failed(f, fail.New(fail.Usage, "%s: %w", u.entry(entry).Path, ErrTooLong))
			return n, ErrTooLong
		}
		return n, u.whole(f)
	}
	return 0, nil
}

func (f *uploadFile) offset() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next
}

func (u *Upload) errEnded() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.cause != nil {
		return u.cause
	}
	return errUploadEnded
}

var errUploadEnded = fail.New(fail.Canceled, "the upload has ended")

// whole says the digest of a file all of whose bytes were given.
func (u *Upload) whole(f *uploadFile) error {
	u.mu.Lock()
	s := u.sender
	u.mu.Unlock()
	return s.endStreamed(f.sent)
}

// failed gives a file up.
func (u *Upload) failed(f *uploadFile, err *fail.Error) {
	u.mu.Lock()
	s := u.sender
	u.mu.Unlock()
	f.sent.fail(err)
	_ = s.sayFailure(f.sent) // A channel that is gone ends the session.
}

// begin says that a file goes on at an offset.
func (f *uploadFile) begin(sent *sentFile, off int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent, f.next, f.known = sent, off, true
	if f.told != nil {
		close(f.told)
		f.told = nil
	}
}

// finish says that the receiver is done with a file, or that the session ended before that.
func (u *Upload) finish(f *uploadFile, written bool, err *fail.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over.Swap(true) {
		return
	}
	f.err = err
	if written {
		f.next = f.size
	}
	for _, signal := range []*chan struct{}{&f.told, &f.done} {
		if *signal != nil {
			close(*signal)
			*signal = nil
		}
	}
	for _, slab := range f.slabs {
		if !written {
			slab.b = nil // The engine may read it yet.
		}
		u.release(slab.b)
	}
	f.slabs = nil
	u.memory.wake()
}

// attach begins the session, detach ends it.
func (u *Upload) attach(s *sender) {
	u.mu.Lock()
	u.sender = s
	u.mu.Unlock()
	u.memory.join(1)
}

func (u *Upload) detach(err error) {
	failure := failureOf(err, fail.Internal)
	if failure == nil {
		failure = errUploadEnded
	}
	u.mu.Lock()
	attached := u.sender != nil
	u.cause = failure // Nothing is added from now on.
	u.mu.Unlock()
	u.ended.Store(true)
	for _, f := range u.files {
		if f != nil {
			u.finish(f, false, failure)
		}
	}
	if attached {
		u.memory.join(-1)
	}
	u.memory.wake()
}

// keptPrefix is how much of a file a Have proves from its beginning on, with the hashes of its chunks.
func keptPrefix(have *control.Have, size int64) (int64, map[int64][16]byte) {
	hashes := make(map[int64][16]byte, len(have.Hashes))
	for _, h := range have.Hashes {
		hashes[int64(min(h.Chunk, 1<<62))] = h.Hash
	}
	var kept chunk.Set
	for _, r := range have.Ranges {
		kept.Add(r.Offset, r.Length)
	}
	var end int64
	for i := int64(0); end < size; i++ {
		g := chunk.At(i, size)
		if _, ok := hashes[i]; !ok || !kept.Covers(g.Offset, g.Length) {
			break
		}
		end = g.End()
	}
	return end, hashes
}
