package main

import (
	"context"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/record"
)

// event is one line about a session: "data" when the first data packet arrives, "progress" with the bytes that have
// arrived, "file" when a file is verified, "end" with the bytes that were there before. Times are Unix nanoseconds.
type event struct {
	Event   string `json:"event"`
	Session string `json:"session,omitempty"` // of "progress"
	Time    int64  `json:"time"`
	Bytes   int64  `json:"bytes,omitempty"`
	Files   int64  `json:"files,omitempty"`
	Resumed int64  `json:"resumed,omitempty"`
	Status  string `json:"status,omitempty"`
	Code    int    `json:"code,omitempty"`
}

// links registers sessions and notes when their first data arrive.
type links struct {
	*udplink.Endpoint
	out *lines
}

func (l *links) Register(cfg engine.Config) (engine.Link, error) {
	link, err := l.Endpoint.Register(cfg)
	if err != nil {
		return nil, err
	}
	return &watched{Link: link, out: l.out}, nil
}

type watched struct {
	engine.Link
	out  *lines
	once sync.Once
}

func (w *watched) Receive(buf []byte, timeout time.Duration) (n, size int, err error) {
	n, size, err = w.Link.Receive(buf, timeout)
	if n > 0 {
		w.once.Do(func() { w.out.print(event{Event: "data", Time: time.Now().UnixNano()}) })
	}
	return n, size, err
}

// Age is what the link tells of its time stamps.
func (w *watched) Age() time.Duration {
	if link, ok := w.Link.(interface{ Age() time.Duration }); ok {
		return link.Age()
	}
	return 0
}

// recorder prints what the product would write to its database.
type recorder struct{ out *lines }

func (r *recorder) Begin(_ context.Context, t record.Transfer) (record.Recording, error) {
	return &recording{out: r.out, session: t.SessionID}, nil
}

type recording struct {
	out     *lines
	session string
	mu      sync.Mutex
	files   int64
	last    time.Time // when the last file was verified
	total   record.Progress
	once    sync.Once
}

func (r *recording) Progress(p record.Progress) {
	r.mu.Lock()
	r.total = p
	r.mu.Unlock()
	r.out.print(event{Event: "progress", Session: r.session, Time: time.Now().UnixNano(), Bytes: p.BytesTransferred, Files: p.FilesCompleted})
}

func (r *recording) File(f record.FileResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.Status == record.StatusCompleted {
		r.files++
		r.last = time.Now()
	}
}

func (r *recording) Finish(o record.Outcome) {
	r.once.Do(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.last.IsZero() {
			r.out.print(event{Event: "file", Time: r.last.UnixNano(), Bytes: r.total.BytesTransferred, Files: r.files})
		}
		r.out.print(event{Event: "end", Time: time.Now().UnixNano(), Bytes: r.total.BytesTransferred, Files: r.files,
			Resumed: r.total.BytesWritten - r.total.BytesTransferred, Status: string(o.Status), Code: o.Code})
	})
}

func (r *recording) Canceled() <-chan struct{} { return nil }

// Written: what is printed is printed at once.
func (r *recording) Written() <-chan struct{} {
	written := make(chan struct{})
	close(written)
	return written
}
func (r *recording) RateChanges() <-chan record.RateChange { return nil }
