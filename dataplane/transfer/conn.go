package transfer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/transfer/control"
)

// Times of the control channel.
const (
	keepaliveEvery = 5 * time.Second
	// silenceLimit is how long a peer may say nothing, not even a keepalive.
	silenceLimit = 25 * time.Second
	// farewell is how long the end of a session may take.
	farewell = 5 * time.Second
)

// conn is the control channel of a session: messages in, messages out, and the watch over a silent peer. Messages are
// collected while the stream is busy, so that thousands of small ones cost few writes.
type conn struct {
	stream io.ReadWriteCloser
	reader *control.Reader
	out    chan control.Message
	in     chan received
	// closed is closed when this side has hung up, stopped when the writer has ended.
	closed  chan struct{}
	stopped chan struct{}
	start   time.Time
	// lastRead is when the last message came, since start.
	lastRead atomic.Int64
	once     sync.Once
	writeErr error
}

func newConn(stream io.ReadWriteCloser) *conn {
	c := &conn{
		stream:  stream,
		reader:  control.NewReader(bufio.NewReaderSize(stream, 64<<10)),
		out:     make(chan control.Message, 256),
		in:      make(chan received, 64),
		closed:  make(chan struct{}),
		stopped: make(chan struct{}),
		start:   time.Now(),
	}
	go c.write()
	go c.pump()
	return c
}

// received is what one read of the stream gave.
type received struct {
	message control.Message
	err     error
}

// pump reads the stream until it ends. Whoever waits for a message is not held up by it: closing an SSH channel ends no
// read of it as long as the peer does not answer.
func (c *conn) pump() {
	for {
		m, err := c.reader.Read()
		if err == nil {
			c.lastRead.Store(int64(time.Since(c.start)))
		}
		select {
		case c.in <- received{m, err}:
		case <-c.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// errClosing is given for messages that come after the end.
var errClosing = errors.New("control channel is closed")

// send queues a message.
func (c *conn) send(m control.Message) error {
	select {
	case <-c.stopped:
		return c.stopReason()
	default:
	}
	select {
	case c.out <- m:
		return nil
	case <-c.stopped:
		return c.stopReason()
	}
}

func (c *conn) stopReason() error {
	if c.writeErr != nil {
		return c.writeErr
	}
	return errClosing
}

// finish sends what is queued and, if it is not nil, m, and ends the writer. It is bounded in time.
func (c *conn) finish(m control.Message) {
	timeout := time.AfterFunc(farewell, func() { c.close() })
	defer timeout.Stop()
	if m != nil {
		if c.send(m) != nil {
			return
		}
	}
	if c.send(nil) == nil {
		<-c.stopped
	}
}

func (c *conn) close() {
	c.once.Do(func() {
		close(c.closed)
		c.stream.Close()
	})
}

func (c *conn) write() {
	defer close(c.stopped)
	var b []byte
	for m := range c.out {
		if m != nil {
			if b, c.writeErr = control.Append(b, m); c.writeErr != nil {
				return
			}
		}
		if len(c.out) > 0 && len(b) < 64<<10 && m != nil {
			continue
		}
		if len(b) > 0 {
			if _, err := c.stream.Write(b); err != nil {
				c.writeErr = err
				return
			}
			b = b[:0]
		}
		if m == nil {
			return
		}
	}
}

// read returns the next message that is not a keepalive. A peer's Error becomes an *Error.
func (c *conn) read() (control.Message, error) {
	for {
		var r received
		select {
		case r = <-c.in:
		case <-c.closed:
			return nil, errClosing
		}
		if r.err != nil {
			if errors.Is(r.err, control.ErrMalformed) {
				return nil, Errorf(CodeProtocol, "%w", r.err)
			}
			return nil, r.err
		}
		switch m := r.message.(type) {
		case *control.Keepalive:
		case *control.Error:
			return nil, &peerError{said: Error{Code: Code(m.Code), Text: m.Message}}
		default:
			return m, nil
		}
	}
}

// peerError is an Error that the peer said, so it needs not be told.
type peerError struct{ said Error }

func (e *peerError) Error() string { return e.said.Text }

func (e *peerError) Unwrap() error { return &e.said }

// watch sends keepalives and fails when the peer has been silent for too long.
func (c *conn) watch(ctx context.Context) error {
	tick := time.NewTicker(keepaliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if time.Since(c.start)-time.Duration(c.lastRead.Load()) > silenceLimit {
				return Errorf(CodeConnectionLost, "session timed out: the peer is silent, run again to resume")
			}
			select {
			case c.out <- &control.Keepalive{}:
			default: // The queue is full: what is in it keeps the peer awake, or the peer is gone.
			}
		}
	}
}
