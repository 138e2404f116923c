package transfer

import (
	"context"
	"errors"
	"io"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
	"golang.org/x/sync/errgroup"
)

// dataReceiver is the engine's end that a receiver drives; *engine.Receiver is one.
type dataReceiver interface {
	Expect(engine.Range) error
	CloseExpect()
	Run(context.Context) error
	Stats() engine.Stats
}

// receiver is the receiving role of a session. It decides on every entry of the manifest, takes the data into partial
// files, and gives a file its name when it is whole and its hash is the sender's.
type receiver struct {
	conn *conn
	tree TargetTree
	// objects is the tree if its files are objects, else nil.
	objects ObjectTree
	target  func(path string) (string, *fail.Error)
	options control.Options
	data    dataReceiver
	onFile  func(FileEvent)
	// claim, if not nil, keeps other sessions from writing a target, or a part of it, until unclaim.
	claim   func(target, part string, size int64) *fail.Error
	unclaim func(target, part string, size int64)
	// mayLink, if not nil, says why a symbolic link of that text is left out at target.
	mayLink func(target, text string) *fail.Error
	// keepExisting is for who may add files and replace none.
	keepExisting bool
	// maySave and mayDelete, if not nil, say whether what is there may get the name target, and be deleted.
	maySave, mayDelete func(target string) bool
	// encryptedOnly takes no file that its sender has not encrypted.
	encryptedOnly bool
	// decrypt, if not nil, has files decrypted that arrive encrypted.
	decrypt *Decryption
	counters

	handles   *handles[uint64, *unfinished.File] // partial files by index
	opened    *handles[string, *storage.Folder]
	work      *queue
	followers sync.WaitGroup
	unsynced  unsynced
	allotting sync.Mutex // held while a file gets its room on disk, or it is looked how much there is

	// Of the goroutine that reads the control channel:
	names   manifest.Names     // the targets of this session
	folders map[string]*folder // those known to exist
	last    []lastOfFolder
	mirror  mirror

	mu    sync.RWMutex
	files []*gotFile // by index; those that are done are finishedFile
	space []placed   // ascending
	end   int64
	// open counts the files without a FileDone, unanswered the Haves without a Sending.
	open, unanswered int
	openBytes        int   // of the open files: manifest.Weight
	reserved         int64 // bytes that the accepted files still need and do not occupy yet
	holeChunks       atomic.Int64
	listed           bool
	closed           bool
	completed        bool
}

const receiverWorkers = 4

func newReceiver(c *conn, tree TargetTree, target func(string) (string, *fail.Error), o control.Options) *receiver {
	r := &receiver{
		conn: c, tree: tree, target: target, options: o, work: newQueue(),
		names: manifest.NewNames(), folders: map[string]*folder{},
	}
	if o, ok := tree.(objectTree); ok {
		r.objects = o
	}
	r.handles = newHandles(128, func(key uint64) (*unfinished.File, error) { return r.openPartial(r.file(key)) })
	r.opened = newHandles(64, tree.Folder)
	return r
}

// run takes everything. It returns nil once Complete is said and the sender has hung up.
func (r *receiver) run(parent context.Context) error {
	defer r.opened.closeAll()
	defer r.handles.closeAll()
	group, ctx := errgroup.WithContext(parent)
	group.Go(func() error { hangUp(ctx, r.conn); return nil })
	group.Go(func() error { return r.conn.watch(ctx) })
	group.Go(func() error { return r.receive() })
	workers := receiverWorkers
	if r.objects != nil {
		workers = objectWorkers
	}
	for range workers {
		group.Go(func() error { return r.work.run(ctx) })
	}
	arrived := make(chan struct{})
	group.Go(func() error {
		defer close(arrived)
		err := r.data.Run(ctx)
		if r.finished() {
			return nil // All files are done; what the sender's engine says on leaving does not matter.
		}
		return engineError(ctx, err)
	})
	group.Go(func() error {
		<-ctx.Done()
		<-arrived // What came before the end is still written, and counts when the transfer is resumed.
		r.abandonAll()
		return nil
	})
	err := group.Wait()
	r.followers.Wait()
	r.removeUseless()
	r.releaseAll()
	return settle(parent, err)
}

func (r *receiver) file(index uint64) *gotFile {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if index >= uint64(len(r.files)) {
		return nil
	}
	return r.files[index]
}

// receive handles what the sender says, until it hangs up.
func (r *receiver) receive() error {
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

func isHangup(err error) bool {
	var known *fail.Error
	return !errors.As(err, &known)
}

func (r *receiver) finished() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.listed && r.open == 0
}

func (r *receiver) ended(m *control.End) error {
	r.mu.Lock()
	if r.listed || m.Entries != uint64(len(r.files)) || m.Bytes != uint64(r.bytesExpected.Load()) {
		r.mu.Unlock()
		return errOtherTotals()
	}
	r.listed = true
	r.mu.Unlock()
	r.known.Store(true)
	if err := r.removeExtra(); err != nil {
		return err
	}
	return r.advance()
}

func errOtherTotals() error {
	return fail.New(fail.Protocol, "the manifest ends twice, or with other totals than its entries")
}

// advance closes the data when nothing more can be expected, and completes the session when every file is done.
func (r *receiver) advance() error {
	r.mu.Lock()
	over := r.listed && r.unanswered == 0 && !r.closed
	if over {
		r.closed = true
	}
	complete := r.listed && r.open == 0 && !r.completed
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
	r.finishFolders()
	if err := r.unsynced.sync(r.tree); err != nil {
		return fail.File("what was received", err, fail.DiskWrite)
	}
	return r.conn.complete(r.snapshot())
}

// done says what became of an entry. It counts once per file.
func (r *receiver) done(f *gotFile, status control.FileStatus, failure *fail.Error) error {
	m := &control.FileDone{Index: f.index, Status: status}
	event := FileEvent{
		Path: f.entry.Path, Target: f.target, Size: f.entry.Size, Started: f.began, Finished: time.Now(), Err: failure,
		Skipped: status == control.FileSkipped, Holes: f.holes.Total(),
	}
	f.mu.Lock()
	if f.phase == finished {
		f.mu.Unlock()
		return nil
	}
	if err := f.enter(finished); err != nil {
		f.mu.Unlock()
		return err
	}
	f.draft.CloseJournal()
	useless := status == control.FileFailed && f.useless()
	event.Resumed, event.StaysEncrypted = f.resumed, f.encrypted
	if status == control.FileWritten {
		event.setChecksum(r.options.Checksum, f.checksum)
	}
	if f.changed != nil {
		f.changed.Broadcast()
	}
	f.mu.Unlock()
	if useless {
		_ = r.removeUnfinished(f) // Why the file fails is what matters.
	}
	f.mu.Lock()
	f.draft.Release()
	f.mu.Unlock()

	switch status {
	case control.FileWritten:
		r.filesDone.Add(1)
		r.unsynced.add(f)
	case control.FileSkipped:
		r.filesDone.Add(1)
		r.filesSkipped.Add(1)
		r.bytesResumed.Add(f.entry.Size - event.Resumed)
		event.Err, event.LeftOut = nil, failure
	case control.FileFailed:
		r.filesFailed.Add(1)
		if !f.entry.Kind.IsFile() {
			r.filesExpected.Add(1) // A folder counts only where it fails.
		}
	}
	if failure != nil {
		m.Code, m.Text = uint32(failure.Code), failure.Text
	}
	r.handles.forget(f.index)
	if f.plain != "" && status != control.FileFailed && event.StaysEncrypted == nil {
		event.Target = f.plain
	}
	if r.onFile != nil {
		r.onFile(event)
	}
	if r.unclaim != nil && f.claimed {
		r.unclaim(f.target, f.partName(), f.entry.Size)
	}
	if f.counted {
		r.holeChunks.Add(-chunk.Count(f.entry.Size))
	}
	r.mu.Lock()
	if f.entry.Kind.IsFile() {
		r.open--
		r.openBytes -= f.weight
	}
	r.reserved -= f.reserved
	f.reserved = 0
	r.files[f.index] = finishedFile
	if f.slot < len(r.space) && r.space[f.slot].file == f {
		r.space[f.slot].file = nil
	}
	r.mu.Unlock()
	if err := r.conn.send(m); err != nil {
		return err
	}
	return r.advance()
}

// WriteAt takes bytes of the transfer space from the engine. A file that can't be written fails by itself.
func (r *receiver) WriteAt(p []byte, off int64) (int, error) {
	var few [4]piece[*gotFile]
	pieces := few[:0]
	for n := 0; n < len(p); {
		at, ok := r.at(off)
		if !ok {
			return 0, io.ErrShortWrite
		}
		part := p[n:min(len(p), n+int(min(at.end-off, int64(len(p)))))]
		if at.file != nil {
			pieces = append(pieces, piece[*gotFile]{file: at.file, b: part, off: off - at.start})
		}
		n += len(part)
		off += int64(len(part))
	}
	if err := eachPiece(pieces, func(p piece[*gotFile]) error { return r.store(p.file, p.b, p.off) }); err != nil {
		return 0, err
	}
	r.bytesMoved.Add(int64(len(p)))
	return len(p), nil
}

// placed is where a file lies in the transfer space. A file that is done is nil.
type placed struct {
	start, end int64
	file       *gotFile
}

func (r *receiver) at(off int64) (placed, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	i := sort.Search(len(r.space), func(i int) bool { return r.space[i].start > off }) - 1
	if i < 0 || off >= r.space[i].end {
		return placed{}, false
	}
	return r.space[i], true
}

func (r *receiver) progress() Progress {
	p := r.snapshot()
	if r.data != nil {
		st := r.data.Stats()
		p.RateBps, p.Lost, p.RTT = st.DeliveryBps, st.Lost, st.RTT
		p.Forged, p.Replayed = st.AuthFailures+st.Link.AuthFailures, st.Replayed
	}
	return p
}

// unfinished are the files that are not done.
func (r *receiver) unfinished() []*gotFile {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var files []*gotFile
	for _, p := range r.space {
		if p.file != nil {
			files = append(files, p.file)
		}
	}
	return files
}

// abandonAll ends what goes on with the files when the session is over.
func (r *receiver) abandonAll() {
	for _, f := range r.unfinished() {
		f.mu.Lock()
		if !f.phase.over() {
			f.phase = stopped
		}
		f.draft.CloseJournal()
		if f.changed != nil {
			f.changed.Broadcast()
		}
		f.mu.Unlock()
	}
}

// removeUseless removes the partial files of a session that ended early which can't be resumed.
func (r *receiver) removeUseless() {
	for _, f := range r.unfinished() {
		f.mu.Lock()
		useless := f.useless()
		f.mu.Unlock()
		if useless {
			_ = r.removeUnfinished(f) // What is left is in nobody's way: the next session starts again.
		}
	}
}

// useless says that the session made a partial file of which no chunk is whole, so that it
// can't be resumed. f.mu is held.
func (f *gotFile) useless() bool {
	return f.part == nil && f.draft.Made() && (f.entry.Size <= chunk.Size || f.hashes.Count() == f.zeroes)
}
