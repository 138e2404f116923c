// Package transfer runs transfer sessions: it decides which files and which parts of them travel, and when a file is
// whole. A session has a control channel (a reliable, encrypted stream, see package control) and a data link (package
// engine). One end is the sender, the other the receiver; which of them is the client does not matter to either role.
//
// A receiver writes into "<name>.partial" and keeps a journal of the chunks that are there in "<name>.aspx", so that a
// new session continues where one was cut. A file gets its name only when all of it is there and its hash, taken on the
// way to the disk, is the one that the sender took on the way from it.
//
// The package refuses to know how the two ends found each other, how tokens look, and how bytes cross the network.
package transfer

import (
	"context"
	"errors"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// Times of a session's beginning and end.
const (
	handshakeLimit = 30 * time.Second
	// linkLimit is how long the data link may take to come up. The client, which knows where it dialled, gives up first.
	linkLimit = 20 * time.Second
	dialLimit = 15 * time.Second
	// idleLimit is how long the data link may be silent.
	idleLimit = 20 * time.Second
)

// role is a sender or a receiver.
type role interface {
	run(context.Context) error
	progress() Progress
}

// current holds the role that a session plays, for those who watch it.
type current struct {
	mu   sync.Mutex
	role role
}

func (c *current) set(r role) {
	c.mu.Lock()
	c.role = r
	c.mu.Unlock()
}

func (c *current) get() role {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.role
}

func (c *current) progress() Progress {
	if r := c.get(); r != nil {
		return r.progress()
	}
	return Progress{}
}

// conclude runs a role to its end, which closes the control channel, and says how the session went.
func conclude(ctx context.Context, r role) error {
	if err := r.run(ctx); err != nil {
		return err
	}
	return partial(r)
}

// hangUp waits for the end of a session, tells the peer if something failed here, and closes the control channel, which
// ends whoever reads from it. ctx is that of a role's group: its cause is the first failure.
func hangUp(ctx context.Context, c *conn) {
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, errDone) {
		farewellTo(c, cause)
		return
	}
	c.finish(nil)
	c.close()
}

// engineError is the failure of a role's engine. An engine that was told by the peer's that it gave up waits for the
// control channel to say why, which ends ctx.
func engineError(ctx context.Context, err error) error {
	if errors.Is(err, engine.ErrAborted) {
		select {
		case <-ctx.Done():
		case <-time.After(farewell):
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// settle is the outcome of a role whose group ended with err.
func settle(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errDone):
		return nil
	case ctx.Err() != nil:
		return ctxError(ctx)
	}
	return err
}

// ctxError is why a context ended, as an Error.
func ctxError(ctx context.Context) error {
	cause := context.Cause(ctx)
	return failureOf(cause, fail.Internal)
}

// farewellTo tells the peer why the session ends, unless the peer said so itself, and closes the channel.
func farewellTo(c *conn, err error) {
	var said *peerError
	if errors.As(err, &said) {
		c.finish(nil)
	} else {
		e := failureOf(err, fail.Internal)
		c.finish(&control.Error{Code: int(e.Code), Message: e.Text, Passing: e.Passing})
	}
	c.close()
}

// partial is the failure of a session some of whose files failed.
func partial(r role) error {
	p := r.progress()
	switch {
	case p.FilesFailed > 0:
		return fail.New(fail.SomeFiles, "%d of %d files failed", p.FilesFailed, p.FilesExpected)
	}
	return nil
}

// ready waits for a link and says what is likely when it does not come up.
func ready(ctx context.Context, link engine.Link) error {
	ctx, cancel := context.WithTimeout(ctx, linkLimit)
	defer cancel()
	if _, err := link.Ready(ctx); err != nil {
		return &fail.Error{Code: fail.DataTimeout,
			Text: "no data connection came in: is the UDP port open in every firewall?", Err: err}
	}
	return nil
}

// leastPositive is the smaller of two limits, of which 0 is none.
func leastPositive(a, b int64) int64 {
	switch {
	case a <= 0:
		return b
	case b <= 0:
		return a
	}
	return min(a, b)
}
