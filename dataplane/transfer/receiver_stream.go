package transfer

import (
	"context"
	"errors"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"golang.org/x/sync/errgroup"
)

// streamReceiver is the receiving role of a session whose bytes a Download takes.
type streamReceiver struct {
	conn     *conn
	download *Download
	options  control.Options
	data     dataReceiver
	onFile   func(FileEvent)
	counters

	mu        sync.Mutex
	places    []placedEntry // by entry
	end       int64
	waiting   int // files that are not done
	unasked   int // files that were neither asked for nor skipped, or whose Have is not answered
	listed    bool
	closed    bool
	completed bool
}

type placedEntry struct {
	start int64
	size  int64
	file  bool
	done  bool
	asked *askedFile
	part  bool // asked for by a Have
	began time.Time
}

func newStreamReceiver(c *conn, d *Download, o control.Options) *streamReceiver {
	r := &streamReceiver{conn: c, download: d, options: o}
	d.mu.Lock()
	d.r = r
	d.mu.Unlock()
	return r
}

func (r *streamReceiver) run(parent context.Context) error {
	group, ctx := errgroup.WithContext(parent)
	group.Go(func() error { hangUp(ctx, r.conn); return nil })
	group.Go(func() error { return r.conn.watch(ctx) })
	group.Go(r.receive)
	defer context.AfterFunc(ctx, func() { r.download.end(failureOrNil(ctx)) })()
	group.Go(func() error {
		err := r.data.Run(ctx)
		if r.finished() {
			return nil // All files are done; what the sender's engine says on leaving does not matter.
		}
		return engineError(ctx, err)
	})
	err := settle(parent, group.Wait())
	r.download.end(err)
	return err
}

// failureOrNil is why the group of a role ends, nil if it ends well.
func failureOrNil(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil && !errors.Is(err, errDone) {
		return failureOf(err, fail.Internal)
	}
	return nil
}

func (r *streamReceiver) finished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.completed
}

func (r *streamReceiver) receive() error {
	for {
		m, err := r.conn.read()
		if err != nil {
			if r.finished() && isHangup(err) {
				return errDone
			}
			return lost(err)
		}
		switch m := m.(type) {
		case *control.Entry:
			err = r.entry(m)
		case *control.End:
			err = r.ended(m)
		case *control.Sending:
			err = r.sending(m)
		case *control.Digest:
			err = r.digest(m)
		default:
			err = fail.New(fail.Protocol, "message %d is not for a receiver", m.Type())
		}
		if err != nil {
			return err
		}
	}
}

func (r *streamReceiver) entry(m *control.Entry) error {
	if bad := manifest.Refuse(m, r.options); bad != nil {
		return bad
	}
	if m.Kind != control.KindFailed {
		if bad := badName(m.Path, m.Kind); bad != nil {
			return bad
		}
	}
	e := DownloadEntry{Path: m.Path, Folder: m.Kind == control.KindFolder, Size: m.Size,
		ModTime: time.Unix(0, m.ModTime)}
	if m.Kind == control.KindFailed {
		e.Err = &fail.Error{Code: fail.Code(m.Code), Text: m.Text}
	}
	r.mu.Lock()
	if r.listed || m.Size > engine.MaxOffset-chunk.Size-r.end || len(r.places) >= control.MaxEntries ||
		r.waiting >= manifest.MostOpen {
		r.mu.Unlock()
		return fail.New(fail.Protocol, "the server lists more than it may")
	}
	p := placedEntry{start: chunk.Place(r.end, m.Size), size: m.Size, file: m.Kind == control.KindFile,
		began: time.Now()}
	if p.file {
		r.end = p.start + m.Size
		r.waiting++
		r.unasked++
		r.filesExpected.Add(1)
		r.bytesExpected.Add(m.Size)
	}
	r.places = append(r.places, p)
	r.mu.Unlock()
	d := r.download
	d.mu.Lock()
	d.entries = append(d.entries, e)
	if len(d.entries) >= MostListed {
		d.changed.Broadcast()
	}
	d.mu.Unlock()
	return nil
}

func (r *streamReceiver) ended(m *control.End) error {
	r.mu.Lock()
	if r.listed || m.Entries != uint64(len(r.places)) || m.Bytes != uint64(r.bytesExpected.Load()) {
		r.mu.Unlock()
		return errOtherTotals()
	}
	r.listed = true
	r.mu.Unlock()
	r.known.Store(true)
	d := r.download
	d.mu.Lock()
	d.listed = true
	d.changed.Broadcast()
	d.mu.Unlock()
	return r.advance()
}

// open is how many files were neither taken nor skipped.
func (r *streamReceiver) open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting
}

// place is where a file lies in the transfer space.
func (r *streamReceiver) place(entry int) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.places[entry].start
}

// ask asks the sender for a file. Of a part it says that all else is here.
func (r *streamReceiver) ask(f *askedFile) error {
	r.mu.Lock()
	p := &r.places[f.entry]
	p.asked, p.part = f, !f.whole
	if f.whole {
		r.unasked--
	}
	r.mu.Unlock()
	index := uint64(f.entry)
	if f.whole {
		if f.size > 0 {
			if err := r.data.Expect(engine.Range{Offset: f.start, Length: f.size}); err != nil {
				return err
			}
			if err := r.conn.send(&control.Want{Index: index}); err != nil {
				return err
			}
		}
		return r.advance()
	}
	first, last := f.from/chunk.Size*chunk.Size, min((f.to+chunk.Size-1)/chunk.Size*chunk.Size, f.size)
	var here chunk.Set
	here.Add(0, first)
	here.Add(last, f.size-last)
	if f.from == f.to {
		here = chunk.Set{{Offset: 0, Length: f.size}}
	}
	return r.conn.send(&control.Have{Index: index, Ranges: here})
}

// sending is the answer to a Have. Whatever is not asked for may come, too, from a sender that believes nothing.
func (r *streamReceiver) sending(m *control.Sending) error {
	f := r.askedFor(m.Index)
	if f == nil || f.whole {
		return fail.New(fail.Protocol, "the sender announces parts of entry %d, of which nothing was offered", m.Index)
	}
	for _, g := range m.Ranges {
		if g.Offset < f.from/chunk.Size*chunk.Size || g.End() > min((f.to+chunk.Size-1)/chunk.Size*chunk.Size, f.size) {
			return fail.New(fail.Protocol, "the sender sends other parts of entry %d than were asked for", m.Index)
		}
		if err := r.data.Expect(engine.Range{Offset: f.start + g.Offset, Length: g.Length}); err != nil {
			return err
		}
	}
	if m.More {
		return nil
	}
	r.mu.Lock()
	r.unasked--
	r.mu.Unlock()
	return r.advance()
}

func (r *streamReceiver) askedFor(index uint64) *askedFile {
	r.mu.Lock()
	defer r.mu.Unlock()
	if index >= uint64(len(r.places)) {
		return nil
	}
	return r.places[index].asked
}

func (r *streamReceiver) digest(m *control.Digest) error {
	f := r.askedFor(m.Index)
	if f == nil {
		return fail.New(fail.Protocol, "the sender has a digest of entry %d, which was not asked for", m.Index)
	}
	d := r.download
	d.mu.Lock()
	f.digest = m
	failed := m.Code != 0
	d.changed.Broadcast()
	d.mu.Unlock()
	if failed {
		return &fail.Error{Code: fail.Code(m.Code), Text: m.Text}
	}
	return nil
}

// skip says that a file is not wanted.
func (r *streamReceiver) skip(entry int) error {
	r.mu.Lock()
	p := r.places[entry]
	r.mu.Unlock()
	if !p.file || p.done || p.asked != nil {
		return nil
	}
	r.filesSkipped.Add(1)
	return r.done(entry, control.FileSkipped, true)
}

// written says that what was asked for of a file was taken.
func (r *streamReceiver) written(f *askedFile) error {
	r.bytesMoved.Add(f.to - f.from)
	return r.done(f.entry, control.FileWritten, false)
}

func (r *streamReceiver) done(entry int, status control.FileStatus, unasked bool) error {
	r.mu.Lock()
	p := &r.places[entry]
	p.done = true
	r.waiting--
	if unasked {
		r.unasked--
	}
	event := FileEvent{Size: p.size, Skipped: status == control.FileSkipped, Started: p.began, Finished: time.Now()}
	r.mu.Unlock()
	r.filesDone.Add(1)
	if r.onFile != nil {
		r.download.mu.Lock()
		event.Path = r.download.entries[entry].Path
		r.download.mu.Unlock()
		r.onFile(event)
	}
	if err := r.conn.send(&control.FileDone{Index: uint64(entry), Status: status}); err != nil {
		return err
	}
	return r.advance()
}

// advance closes the data when nothing more is asked for, and completes the session when every file is done.
func (r *streamReceiver) advance() error {
	r.mu.Lock()
	over := r.listed && r.unasked == 0 && !r.closed
	if over {
		r.closed = true
	}
	complete := r.listed && r.waiting == 0 && !r.completed
	if complete {
		r.completed = true
	}
	r.mu.Unlock()
	if over {
		r.data.CloseExpect()
	}
	if !complete {
		return nil
	}
	return r.conn.complete(r.snapshot())
}

func (r *streamReceiver) progress() Progress {
	p := r.snapshot()
	if r.data != nil {
		st := r.data.Stats()
		p.RateBps, p.Lost, p.RTT = st.DeliveryBps, st.Lost, st.RTT
	}
	return p
}
