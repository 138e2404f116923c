package store

import (
	"sync"
	"time"

	"faspex.io/operator/dataplane/record"
)

// recording is the memory of one session: what is known, and what of it the database has.
type recording struct {
	transfer    record.Transfer
	startedUsec int64
	now         func() time.Time
	poke        func()
	tally       *tally
	canceled    chan struct{}
	written     chan struct{}
	rates       chan record.RateChange

	mu        sync.Mutex
	progress  record.Progress
	files     []record.FileResult
	dropped   int
	outcome   *record.Outcome
	endedUsec int64
	isCancel  bool
	rate      record.RateChange

	// What the database has. Only the flushing goroutine writes these.
	stored        bool
	logging       Logging
	job           bool
	storedVersion uint64
	version       uint64
	heartbeat     time.Time
	sampledAt     int64 // seconds since 1970
	sampled       time.Time
	sampledBytes  int64
}

// pendingWrite is what has to be written of a recording, in this order.
type pendingWrite struct {
	begin    bool
	progress *record.Progress
	version  uint64
	files    []record.FileResult
	end      *record.Outcome
	endUsec  int64
	at       time.Time
}

func (r *recording) Progress(p record.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outcome == nil && p != r.progress {
		r.progress = p
		r.version++
	}
}

func (r *recording) File(f record.FileResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outcome != nil {
		return
	}
	if len(r.files) >= maxPendingFiles {
		r.dropped++
		return
	}
	r.files = append(r.files, f)
}

func (r *recording) Finish(o record.Outcome) {
	r.mu.Lock()
	first := r.outcome == nil
	if first {
		r.outcome = &o
		r.endedUsec = r.now().UnixMicro()
	}
	bytes := r.progress.BytesTransferred
	r.mu.Unlock()
	if first {
		r.tally.ended(r.transfer.Direction, o.Status, bytes)
		r.poke()
	}
}

func (r *recording) Written() <-chan struct{} { return r.written }

func (r *recording) Canceled() <-chan struct{} { return r.canceled }

func (r *recording) RateChanges() <-chan record.RateChange { return r.rates }

func (r *recording) finished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcome != nil
}

func (r *recording) droppedFiles() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

func (r *recording) pending(now time.Time) pendingWrite {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := pendingWrite{begin: !r.stored, version: r.version, files: r.files, end: r.outcome, endUsec: r.endedUsec, at: now}
	if r.version != r.storedVersion || w.end != nil || now.Sub(r.heartbeat) >= heartbeatInterval {
		p := r.progress
		w.progress = &p
	}
	return w
}

func (r *recording) begun(l Logging, job bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stored, r.logging, r.job = true, l, job
}

func (r *recording) wroteFiles(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = r.files[n:]
}

func (r *recording) wroteProgress(w pendingWrite) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.storedVersion = w.version
	r.heartbeat = w.at
}

// wish takes over what the database asks of the transfer. A transfer that is not running in the database, although it
// runs here, was declared lost during an outage: it is begun again.
func (r *recording) wish(status record.Status, cancel bool, rate record.RateChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if status != record.StatusRunning {
		r.stored = false
	}
	if cancel && !r.isCancel {
		r.isCancel = true
		close(r.canceled)
	}
	if !rate.Same(r.rate) {
		r.rate = rate
		select {
		case <-r.rates:
		default:
		}
		r.rates <- rate
	}
}
