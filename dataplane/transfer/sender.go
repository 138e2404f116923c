package transfer

import (
	"context"
	"errors"
	"path"
	"sync"
	"time"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/mask"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"golang.org/x/sync/errgroup"
)

// dataSender is the engine's end that a sender drives; *engine.Sender is one.
type dataSender interface {
	Push(engine.Range) error
	Abandon(engine.Range)
	CloseSend()
	Run(context.Context) error
	SetRate(engine.Rate)
	Stats() engine.Stats
}

// sender is the sending role of a session. It lists the source, pushes the ranges that the receiver asks for, and says
// the digest of each file; the receiver has the last word on every file.
type sender struct {
	conn    *conn
	roots   []Root
	options control.Options
	rate    engine.Rate
	data    dataSender
	onFile  func(FileEvent)
	// encrypt, if not nil, has files sent in their encrypted form.
	encrypt *atrest.Key
	// mask, if not nil, gives what is sent other names.
	mask *mask.Names
	// moreRoots, if not nil, are those that come after roots.
	moreRoots func(ctx context.Context, number int) (Root, bool, error)
	// stream, if not nil, is where the files come from instead of from roots.
	stream *Upload
	// completed, if not nil, is called when the receiver has all that it takes. The receiver is told of its failure.
	completed func() error
	counters

	handles *handles[uint64, sourceFile]
	work    *queue

	mu    sync.RWMutex
	files []*sentFile // by index; nil for those that are done
	space []source    // ascending
	end   int64
	room  *sync.Cond // open has become less, or the session is over
	over  bool
	// open counts the files without a FileDone, undecided those of which more data may be pushed: without a Want, Have or
	// FileDone, or with an answer that is not carried out yet.
	open, undecided int
	openBytes       int // of the open files: manifest.Weight
	listed          bool
	closed          bool
	complete        chan struct{}
}

// source is where a file lies in the transfer space. A file that is done is nil.
type source struct {
	start, end int64
	file       *sentFile
}

// sentFile is one entry of the manifest.
type sentFile struct {
	found
	index   uint64
	start   int64 // where it lies in the transfer space
	slot    int   // in sender.space
	began   time.Time
	decided bool
	have    *control.Have // collected parts of a Have
	holes   chunk.Set     // whole chunks that are not sent
	part    *control.Part // of the file, nil for all of it
	weight  int           // of the entry: manifest.Weight

	mu       sync.Mutex
	failed   *fail.Error
	hashes   chunk.Hashes
	passing  chunk.Passing
	said     bool // the Digest is sent or about to be
	fed      bool // of a stream: nothing more is pushed; guarded by sender.mu
	checksum []byte
	resumed  int64
}

func (f *sentFile) fail(err *fail.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.failed = err
	}
}

// resume notes that n bytes of the file need not be sent and returns by how much that is more than before.
func (f *sentFile) resume(n int64) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	more := n - f.resumed
	f.resumed = n
	return more
}

// kept is how many bytes of the file need not be sent.
func (f *sentFile) kept() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.resumed
}

func (f *sentFile) failure() *fail.Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// errDone ends the group of a session that is complete.
var errDone = errors.New("session complete")

const senderWorkers = 2

func newSender(c *conn, roots []Root, o control.Options) *sender {
	s := &sender{conn: c, roots: roots, options: o, work: newQueue(), complete: make(chan struct{})}
	s.room = sync.NewCond(&s.mu)
	s.handles = newHandles(64, func(key uint64) (sourceFile, error) {
		f := s.file(key)
		if f == nil {
			return nil, errGone
		}
		return s.openSource(f)
	})
	return s
}

// run moves everything. It returns nil when the receiver has said Complete, whether or not all files succeeded.
func (s *sender) run(parent context.Context) error {
	defer s.handles.closeAll()
	group, ctx := errgroup.WithContext(parent)
	group.Go(func() error { hangUp(ctx, s.conn); return nil })
	group.Go(func() error { return s.conn.watch(ctx) })
	defer context.AfterFunc(ctx, s.stopListing)()
	group.Go(func() error { return s.list(ctx) })
	group.Go(s.receive)
	for range senderWorkers {
		group.Go(func() error { return s.work.run(ctx) })
	}
	group.Go(func() error {
		err := s.data.Run(ctx)
		select {
		case <-s.complete:
			return nil // The receiver is content; what the engine still waits for does not matter.
		default:
		}
		return engineError(ctx, err)
	})
	return settle(parent, group.Wait())
}

func (s *sender) file(index uint64) *sentFile {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if index >= uint64(len(s.files)) {
		return nil
	}
	return s.files[index]
}

func (s *sender) report(f *sentFile, e FileEvent) {
	f.mu.Lock()
	e.Resumed = f.resumed
	if e.Err == nil && !e.Skipped {
		e.setChecksum(s.options.Checksum, f.checksum)
	}
	f.mu.Unlock()
	e.Holes, e.ModTime, e.PlainSize = f.holes.Total(), f.ModTime, f.plain
	e.Path, e.Target, e.Size, e.Started, e.Finished = f.Path, path.Join(f.base, f.source), f.Size, f.began, time.Now()
	if s.onFile != nil {
		s.onFile(e)
	}
}

// receive handles what the receiver says, until it says Complete.
func (s *sender) receive() error {
	for {
		m, err := s.conn.read()
		if err != nil {
			return lost(err)
		}
		switch m := m.(type) {
		case *control.Want:
			err = s.want(m)
		case *control.Have:
			err = s.has(m)
		case *control.FileDone:
			err = s.fileDone(m)
		case *control.Rate:
			s.setTarget(int64(m.TargetKbps))
		case *control.Complete:
			close(s.complete)
			if s.completed != nil {
				if err := s.completed(); err != nil {
					return err
				}
			}
			return errDone
		default:
			err = fail.New(fail.Protocol, "message %d is not for a sender", m.Type())
		}
		if err != nil {
			return err
		}
	}
}

// lost describes a control channel that ended before the session did.
func lost(err error) error {
	var known *fail.Error
	if errors.As(err, &known) {
		return err
	}
	return &fail.Error{Code: fail.ConnectionLost, Text: "connection lost, run again to resume", Err: err}
}

func (s *sender) setTarget(kbps int64) { s.setRate(&kbps, nil, nil) }

// setRate changes what is not nil.
func (s *sender) setRate(targetKbps, minKbps *int64, policy *engine.Policy) {
	s.mu.Lock()
	if targetKbps != nil {
		s.rate.TargetBps = *targetKbps * 1000
		if s.rate.CapBps > 0 && (*targetKbps == 0 || s.rate.TargetBps > s.rate.CapBps) {
			s.rate.TargetBps = s.rate.CapBps
		}
	}
	if minKbps != nil {
		s.rate.MinBps = *minKbps * 1000
	}
	if s.rate.TargetBps > 0 {
		s.rate.MinBps = min(s.rate.MinBps, s.rate.TargetBps)
	}
	if policy != nil && (*policy != engine.PolicyFixed || s.rate.TargetBps > 0) {
		s.rate.Policy = *policy
	}
	rate := s.rate
	s.mu.Unlock()
	s.data.SetRate(rate)
}

// decide marks the file of a first answer; pushed has to follow.
func (s *sender) decide(index uint64) (*sentFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if index >= uint64(len(s.files)) || s.files[index] == nil || s.files[index].Kind != control.KindFile {
		return nil, fail.New(fail.Protocol, "the receiver speaks of entry %d, which is no file", index)
	}
	f := s.files[index]
	if f.decided {
		return nil, fail.New(fail.Protocol, "the receiver asks twice for entry %d", index)
	}
	f.decided = true
	return f, nil
}

func (s *sender) want(m *control.Want) error {
	f, err := s.decide(m.Index)
	if err != nil {
		return err
	}
	if s.stream != nil {
		s.wantStreamed(f)
		return nil
	}
	if err := s.pushData(f); err != nil {
		return err
	}
	s.pushed()
	return nil
}

// pushed notes that all that travels of a decided file is with the engine.
func (s *sender) pushed() {
	s.mu.Lock()
	s.undecided--
	s.mu.Unlock()
	s.closeIfDecided()
}

// closeIfDecided ends the data once no further range can be asked for.
func (s *sender) closeIfDecided() {
	s.mu.Lock()
	over := s.listed && s.undecided == 0 && !s.closed
	if over {
		s.closed = true
	}
	s.mu.Unlock()
	if over {
		s.data.CloseSend()
	}
}

func (s *sender) fileDone(m *control.FileDone) error {
	f := s.file(m.Index)
	if f == nil {
		return fail.New(fail.Protocol, "the receiver is done with entry %d, which is not open", m.Index)
	}
	s.mu.Lock()
	s.files[f.index] = nil
	if f.Kind.IsFile() {
		if f.Size > 0 {
			s.space[f.slot].file = nil
		}
		s.open--
		s.openBytes -= f.weight
		s.room.Signal()
		if !f.decided || s.stream != nil && !f.fed {
			f.decided, f.fed = true, true
			s.undecided--
		}
	}
	s.mu.Unlock()
	s.handles.forget(f.index)
	event := FileEvent{}
	switch m.Status {
	case control.FileWritten:
		s.filesDone.Add(1)
		s.bytesMoved.Add(f.Size - f.kept())
	case control.FileSkipped:
		s.filesDone.Add(1)
		s.filesSkipped.Add(1)
		s.bytesResumed.Add(f.resume(f.Size))
		event.Skipped = true
		if m.Code != 0 {
			event.LeftOut = &fail.Error{Code: fail.Code(m.Code), Text: m.Text}
		}
	default:
		s.filesFailed.Add(1)
		if !f.Kind.IsFile() {
			s.filesExpected.Add(1) // A folder counts only where it fails.
		}
		s.abandon(f)
		event.Err = &fail.Error{Code: fail.Code(m.Code), Text: m.Text}
	}
	s.report(f, event)
	if s.stream != nil {
		s.doneStreamed(f, event.Err)
	}
	s.closeIfDecided()
	return nil
}

// progress is a snapshot.
func (s *sender) progress() Progress {
	p := s.snapshot()
	if s.data != nil {
		st := s.data.Stats()
		// What the receiver confirmed may be ahead of the engine's acknowledgements.
		p.BytesMoved, p.BytesSent = max(p.BytesMoved, st.Bytes), st.BytesSent
		p.RateBps, p.Lost, p.RTT = st.RateBps, st.Lost, st.RTT
		p.Forged, p.Replayed = st.AuthFailures+st.Link.AuthFailures, st.Replayed
	}
	return p
}
