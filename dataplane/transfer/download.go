package transfer

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// DownloadEntry is a file or folder of a Download, in the order of the manifest: a folder before what it holds.
type DownloadEntry struct {
	Path    string
	Folder  bool
	Size    int64
	ModTime time.Time
	// Err is why the server can't read it; nil otherwise.
	Err *fail.Error
}

// Download is what a Client receives when the bytes go on to somewhere else than files. The entries are known first
// (List); then files are asked for (Ask) and their bytes taken (WriteTo), both in ascending order of the entries, so
// that little has to be kept: what is not taken slows the server down. A Download is over when every file was asked
// for or skipped, and taken.
type Download struct {
	mu      sync.Mutex
	changed *sync.Cond
	entries []DownloadEntry
	listed  bool
	over    error // of the session
	r       *streamReceiver

	asked []*askedFile // not taken yet
	last  int          // the entry that was asked for last
	next  int64        // the byte of the transfer space that is taken next
	// offered are pieces that the engine's writers wait to be taken, kept those that came before what is missing.
	offered map[int64][]byte
	kept    map[int64][]byte
	taken   int64 // of the piece at its offset in offered or kept: how much of it is done with
}

// askedFile is a file, or a part of it, that was asked for.
type askedFile struct {
	entry      int
	start      int64 // of the file in the transfer space
	from, to   int64 // of the file
	size       int64
	whole      bool
	hashes     chunk.Hashes
	passing    chunk.Passing
	digest     *control.Digest
	fromBefore int64 // bytes that come and were not asked for, because chunks travel whole
}

// NewDownload makes a download that is not begun.
func NewDownload() *Download {
	d := &Download{last: -1, offered: map[int64][]byte{}, kept: map[int64][]byte{}}
	d.changed = sync.NewCond(&d.mu)
	return d
}

// MostListed is how many files a Download lists without skipping any.
const MostListed = manifest.MostOpen

// List waits for the entries. The list is cut short if the server holds it back, which it does when it has MostListed
// files that were neither taken nor skipped: complete is false then.
func (d *Download) List(ctx context.Context) (entries []DownloadEntry, complete bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err = d.await(ctx, func() bool { return d.listed || len(d.entries) >= MostListed && d.r.open() >= MostListed })
	return d.entries, d.listed, err
}

// await waits for a condition, ctx or the end of the session. d.mu is held.
func (d *Download) await(ctx context.Context, met func() bool) error {
	wake := context.AfterFunc(ctx, func() {
		d.mu.Lock()
		d.changed.Broadcast()
		d.mu.Unlock()
	})
	defer wake()
	for !met() {
		switch {
		case d.over != nil:
			return d.over
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		d.changed.Wait()
	}
	return nil
}

// Ask asks for the bytes of a file from from to before to. Entries are asked for in ascending order. A part is not
// compared with what the server says of the file; a whole file is.
func (d *Download) Ask(entry int, from, to int64) error {
	d.mu.Lock()
	if entry >= len(d.entries) || entry <= d.last || d.entries[entry].Folder {
		d.mu.Unlock()
		return fmt.Errorf("ask for entry %d: it is no file, or one after it was asked for", entry)
	}
	e := d.entries[entry]
	if from < 0 || to > e.Size || from > to {
		d.mu.Unlock()
		return fmt.Errorf("ask for bytes %d to %d of %d", from, to, e.Size)
	}
	d.last = entry
	whole := from == 0 && to == e.Size
	f := &askedFile{entry: entry, start: d.r.place(entry), from: from, to: to, size: e.Size, whole: whole}
	if whole {
		f.hashes = chunk.NewHashes(e.Size)
	}
	first := from / chunk.Size * chunk.Size
	f.fromBefore = from - first
	d.asked = append(d.asked, f)
	if len(d.asked) == 1 {
		d.next = f.start + first
	}
	d.mu.Unlock()
	return d.r.ask(f)
}

// Skip says that a file is not wanted.
func (d *Download) Skip(entry int) error { return d.r.skip(entry) }

// WriteTo gives the bytes that were asked for of a file to w. Files are taken in the order in which they were asked
// for.
func (d *Download) WriteTo(ctx context.Context, entry int, w io.Writer) (n int64, err error) {
	d.mu.Lock()
	if len(d.asked) == 0 || d.asked[0].entry != entry {
		d.mu.Unlock()
		return 0, fmt.Errorf("take entry %d: another one is next", entry)
	}
	f := d.asked[0]
	d.mu.Unlock()
	end := f.start + min((f.to+chunk.Size-1)/chunk.Size*chunk.Size, f.size)
	if f.from == f.to {
		end = d.next
	}
	for d.next < end {
		b, err := d.front(ctx, end)
		if err != nil {
			return n, err
		}
		off := d.next - f.start
		if f.whole {
			f.passing.Feed(&f.hashes, f.size, b, off)
		}
		piece := b[min(int64(len(b)), max(0, f.from-off)):]
		piece = piece[:max(0, min(int64(len(piece)), f.to-max(off, f.from)))]
		if len(piece) > 0 {
			got, err := w.Write(piece)
			n += int64(got)
			if err != nil {
				return n, err
			}
		}
		d.take(int64(len(b)))
	}
	if err := d.verify(ctx, f); err != nil {
		return n, err
	}
	d.mu.Lock()
	d.asked = d.asked[1:]
	if len(d.asked) > 0 {
		d.next = d.asked[0].start + d.asked[0].from/chunk.Size*chunk.Size
	}
	d.changed.Broadcast()
	d.mu.Unlock()
	return n, d.r.written(f)
}

// front waits for the bytes at next, up to end.
func (d *Download) front(ctx context.Context, end int64) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b []byte
	err := d.await(ctx, func() bool {
		b = d.at()
		return b != nil
	})
	return b[:min(int64(len(b)), end-d.next)], err
}

// at is what is here of the bytes at next; nil if they are missing. d.mu is held.
func (d *Download) at() []byte {
	off := d.next - d.taken
	if b, ok := d.offered[off]; ok {
		return b[d.taken:]
	}
	if b, ok := d.kept[off]; ok {
		return b[d.taken:]
	}
	return nil
}

// take says that n bytes at next are done with.
func (d *Download) take(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	off := d.next - d.taken
	d.next += n
	d.taken += n
	if b, ok := d.offered[off]; ok && d.taken == int64(len(b)) {
		delete(d.offered, off)
		d.taken = 0
	} else if b, ok := d.kept[off]; ok && d.taken == int64(len(b)) {
		delete(d.kept, off)
		d.taken = 0
	}
	d.changed.Broadcast()
}

// WriteAt takes bytes of the transfer space from the engine: it waits until they are taken, unless bytes before them
// are missing. Then they are kept, for the missing ones may have to come through the same engine.
func (d *Download) WriteAt(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offered[off] = p
	d.changed.Broadcast()
	for {
		if _, waiting := d.offered[off]; !waiting {
			return len(p), nil
		}
		if d.over != nil {
			delete(d.offered, off)
			return 0, d.over
		}
		if off > d.next && d.at() == nil {
			delete(d.offered, off)
			d.kept[off] = append([]byte(nil), p...)
			return len(p), nil
		}
		d.changed.Wait()
	}
}

// verify waits for what the server says of a whole file, and compares it with what came.
func (d *Download) verify(ctx context.Context, f *askedFile) error {
	if !f.whole || f.size == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.await(ctx, func() bool { return f.digest != nil }); err != nil {
		return err
	}
	switch {
	case f.digest.Code != 0:
		return &fail.Error{Code: fail.Code(f.digest.Code), Text: f.digest.Text}
	case f.hashes.File() != f.digest.Hash:
		return fail.New(fail.DiskRead, "%s: what came is not what the server read", d.entries[f.entry].Path)
	}
	return nil
}

// end has everybody stop who waits.
func (d *Download) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.over != nil:
	case err == nil:
		d.over = errDownloadEnded
	default:
		d.over = err
	}
	d.changed.Broadcast()
}

var errDownloadEnded = fail.New(fail.Canceled, "the download has ended")

var _ engine.Sink = (*Download)(nil)
