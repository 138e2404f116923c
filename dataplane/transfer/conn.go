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
	"faspex.io/operator/dataplane/transfer/fail"
)

// Times of the control channel.
const (
	keepaliveEvery = 5 * time.Second
	// silenceLimit is how long a peer may say nothing, not even a keepalive.
	silenceLimit = 25 * time.Second
	// farewell is how long the end of a session may take.
	farewell = 5 * time.Second
)

// conn is the control channel of a session: messages in, messages out, and the watch over a silent peer. A lone message
// leaves at once; of many that follow each other, what comes within a millisecond leaves together.
type conn struct {
	stream io.ReadWriteCloser
	in     chan []received
	unread []received // the rest of the last that came from in
	// trusted is closed when more than a Hello may be read.
	trusted chan struct{}
	trustIt sync.Once
	// closed is closed when this side has hung up, stopped when the writer has ended.
	closed  chan struct{}
	stopped chan struct{}
	start   time.Time
	// lastRead is when the last message came, since start.
	lastRead atomic.Int64
	once     sync.Once

	mu       sync.Mutex
	out      []byte        // encoded and not written
	room     *sync.Cond    // out has become shorter, or the writer has ended
	more     chan struct{} // out has become longer, or finishing
	finished bool          // nothing comes after out
	writeErr error
}

const (
	// mostUnwritten is how many bytes of messages wait for the stream before those who send do.
	mostUnwritten = 1 << 20
	// gather is how long messages that follow others wait for company.
	gather = time.Millisecond
	// mostUnread is how many messages are read ahead.
	mostUnread = 256
)

// newConn is the channel of a peer that may say what it likes.
func newConn(stream io.ReadWriteCloser) *conn {
	c := makeConn(stream)
	c.trust()
	go c.pump()
	return c
}

// newStrangersConn is the channel of a peer of whom one Hello is read, and nothing behind it until trust is called
// (TestServerReadsOneHelloOfAStranger).
func newStrangersConn(stream io.ReadWriteCloser) *conn {
	c := makeConn(stream)
	go c.greeted()
	return c
}

func makeConn(stream io.ReadWriteCloser) *conn {
	c := &conn{
		stream:  stream,
		in:      make(chan []received, 2),
		trusted: make(chan struct{}),
		closed:  make(chan struct{}),
		stopped: make(chan struct{}),
		more:    make(chan struct{}, 1),
		start:   time.Now(),
	}
	c.room = sync.NewCond(&c.mu)
	go c.write()
	return c
}

// trust has the peer's further messages read.
func (c *conn) trust() { c.trustIt.Do(func() { close(c.trusted) }) }

// greeted reads a Hello, and the rest once the peer is trusted.
func (c *conn) greeted() {
	m, err := control.ReadHello(c.stream)
	select {
	case c.in <- []received{{m, err}}:
	case <-c.closed:
		return
	}
	if err != nil {
		return
	}
	select {
	case <-c.trusted:
		c.lastRead.Store(int64(time.Since(c.start)))
		c.pump()
	case <-c.closed:
	}
}

// received is what one read of the stream gave.
type received struct {
	message control.Message
	err     error
}

// pump reads the stream until it ends. Whoever waits for a message is not held up by it: closing an SSH channel ends no
// read of it as long as the peer does not answer.
func (c *conn) pump() {
	buffered := bufio.NewReaderSize(c.stream, 64<<10)
	reader := control.NewReader(buffered)
	for {
		m, err := reader.Read()
		batch := []received{{m, err}}
		for err == nil && len(batch) < mostUnread && control.Buffered(buffered) {
			if m, err = reader.ReadFrame(); m != nil || err != nil {
				batch = append(batch, received{m, err})
			}
		}
		c.lastRead.Store(int64(time.Since(c.start)))
		select {
		case c.in <- batch:
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
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.out) > mostUnwritten && !c.finished {
		c.room.Wait()
	}
	return c.appendLocked(m)
}

func (c *conn) appendLocked(m control.Message) error {
	switch {
	case c.writeErr != nil:
		return c.writeErr
	case c.finished:
		return errClosing
	}
	var err error
	if c.out, err = control.Append(c.out, m); err != nil {
		return err
	}
	c.wake()
	return nil
}

func (c *conn) wake() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// complete says that every file is done. The sender hangs up then; one that does not is not waited for.
func (c *conn) complete(p Progress) error {
	time.AfterFunc(farewell, c.close)
	return c.send(&control.Complete{
		Files: uint64(p.FilesDone), Skipped: uint64(p.FilesSkipped), Failed: uint64(p.FilesFailed),
		Bytes: uint64(p.BytesMoved),
	})
}

// finish sends what is queued and, if it is not nil, m, and ends the writer. It is bounded in time.
func (c *conn) finish(m control.Message) {
	timeout := time.AfterFunc(farewell, c.close)
	defer timeout.Stop()
	c.mu.Lock()
	if m != nil {
		_ = c.appendLocked(m) // A channel that is gone needs no farewell.
	}
	c.finished = true
	c.mu.Unlock()
	c.wake()
	<-c.stopped
}

func (c *conn) close() {
	c.once.Do(func() {
		close(c.closed)
		c.stream.Close()
	})
}

// write writes what is queued until finish was called or the stream fails.
func (c *conn) write() {
	defer close(c.stopped)
	var writing []byte
	var last time.Time
	for {
		select {
		case <-c.more:
		case <-c.closed:
			c.fail(errClosing)
			return
		}
		c.mu.Lock()
		follows := !c.finished && time.Since(last) < gather
		c.mu.Unlock()
		if follows {
			time.Sleep(gather)
		}
		c.mu.Lock()
		writing, c.out = c.out, writing[:0]
		finished := c.finished
		c.room.Broadcast()
		c.mu.Unlock()
		if len(writing) > 0 {
			if _, err := c.stream.Write(writing); err != nil {
				c.fail(err)
				return
			}
			last = time.Now()
		}
		if finished {
			return
		}
	}
}

// fail ends sending.
func (c *conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finished = true
	if c.writeErr == nil {
		c.writeErr = err
	}
	c.room.Broadcast()
}

// read returns the next message that is not a keepalive. A peer's Error becomes an *fail.Error.
func (c *conn) read() (control.Message, error) {
	for {
		if len(c.unread) == 0 {
			select {
			case c.unread = <-c.in:
			case <-c.closed:
				return nil, errClosing
			}
		}
		r := c.unread[0]
		c.unread = c.unread[1:]
		if r.err != nil {
			if errors.Is(r.err, control.ErrMalformed) {
				return nil, fail.New(fail.Protocol, "%w", r.err)
			}
			return nil, r.err
		}
		switch m := r.message.(type) {
		case *control.Keepalive:
		case *control.Error:
			return nil, &peerError{said: fail.Error{Code: fail.Code(m.Code), Text: m.Message, Passing: m.Passing}}
		default:
			return m, nil
		}
	}
}

// peerError is an Error that the peer said, so it needs not be told.
type peerError struct{ said fail.Error }

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
				return fail.New(fail.ConnectionLost, "session timed out: the peer is silent, run again to resume")
			}
			c.mu.Lock()
			if len(c.out) == 0 { // Else what is in it keeps the peer awake, or the peer is gone.
				_ = c.appendLocked(&control.Keepalive{})
			}
			c.mu.Unlock()
		}
	}
}
