package transfer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/mask"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
)

// Client is one session as the client runs it. The fields are set before Run.
type Client struct {
	// Hello is what to ask for; its Version is filled in.
	Hello control.Hello
	// Roots are what to send, for direction send.
	Roots []Root
	// MoreRoots, if not nil, waits for the root with a number, counted from 0, that is to be sent after Roots; ok is
	// false when there is none any more.
	MoreRoots func(ctx context.Context, number int) (r Root, ok bool, err error)
	// Upload, if not nil, is what to send instead of Roots.
	Upload *Upload
	// Target and Name say where to write, for direction receive. Name maps a path of the manifest to a path in Target, for
	// one at a time; nil keeps it.
	Target TargetTree
	Name   func(path string) (string, *fail.Error)
	// Download, if not nil, takes what is received instead of Target.
	Download *Download
	// MaxMemory bounds the engine's buffers; 0 is its default.
	MaxMemory int64
	// Mask, if not nil, gives what is sent other names. Symbolic links are then not sent: they lead to names.
	Mask *mask.Names
	// Encrypt, if not nil, encrypts files on their way out; Decrypt, if not nil, decrypts those that arrive encrypted.
	Encrypt *atrest.Key
	Decrypt *Decryption
	// Dial opens the data link to a UDP port of the server.
	Dial func(ctx context.Context, port int, cfg engine.Config) (engine.Link, error)
	// OnWelcome and OnFile, if not nil, are told when the session begins and when a file ends. OnFile may be called by
	// several goroutines at a time.
	OnWelcome func(control.Welcome)
	OnFile    func(FileEvent)
	// Logger, if not nil, is told what the engine does.
	Logger *slog.Logger

	now   current
	clock engine.Clock // nil is the system's
	// own, if not nil, is the session of the server whose job this client is; it is told when its options are settled.
	own     *session
	plan    *plan
	onTerms func()
}

// Progress is a snapshot; safe at any time.
func (c *Client) Progress() Progress { return c.now.progress() }

// SetTargetRate changes the rate of a running session, in kilobits per second.
func (c *Client) SetTargetRate(kbps int64) {
	switch r := c.now.get().(type) {
	case *sender:
		r.setTarget(kbps)
	case *receiver:
		_ = r.conn.send(&control.Rate{TargetKbps: uint64(max(0, kbps))}) // A session that ended needs no rate.
	case *streamReceiver:
		_ = r.conn.send(&control.Rate{TargetKbps: uint64(max(0, kbps))})
	}
}

// SetRate changes what is not nil of the rate of a running session that sends.
func (c *Client) SetRate(targetKbps, minKbps *int64, policy *engine.Policy) {
	if s, ok := c.now.get().(*sender); ok {
		s.setRate(targetKbps, minKbps, policy)
	}
}

// Run performs the session over stream and closes it. Its error is a *fail.Error; fail.SomeFiles means that the session
// went well but files failed, each of which OnFile was told.
func (c *Client) Run(ctx context.Context, stream io.ReadWriteCloser) (Summary, error) {
	began := time.Now()
	if c.Upload != nil {
		// What an Upload has no more can neither be sent again nor read for a checksum.
		o := &c.Hello.Options
		o.Resume, o.TellHashes, o.Checksum, o.Sessions, o.Session = manifest.ResumeAttrs, true, ChecksumNone, 0, 0
	}
	err := c.run(ctx, newConn(stream))
	if c.Upload != nil {
		c.Upload.detach(err)
	}
	if c.Download != nil {
		c.Download.end(err)
	}
	summary := Summary{Progress: c.Progress(), Elapsed: time.Since(began)}
	if err != nil {
		return summary, failureOf(err, fail.Internal)
	}
	return summary, nil
}

func (c *Client) run(ctx context.Context, conn *conn) error {
	// Whatever waits for the peer ends with ctx.
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, conn.close) })
	defer unhook()
	defer conn.close()

	welcome, err := c.greet(conn)
	if err != nil {
		if ctx.Err() != nil {
			return ctxError(ctx)
		}
		return lost(err)
	}
	if c.OnWelcome != nil {
		c.OnWelcome(*welcome)
	}
	options, err := Normalize(welcome.Options)
	if err == nil {
		err = unmet(c.Hello.Options, options)
	}
	if err == nil && (len(welcome.Secret) != 32 || welcome.UDPPort <= 0) {
		err = fail.New(fail.Protocol, "the server's answer has no data connection")
	}
	if err != nil {
		farewellTo(conn, err)
		return err
	}
	capKbps := welcome.TargetCapKbps
	if c.own != nil {
		c.own.options, capKbps = options, leastPositive(capKbps, c.own.capKbps)
		c.onTerms()
	}
	cfg := engine.Config{
		ID: engine.SessionID(welcome.LinkID), Secret: [32]byte(welcome.Secret), Cipher: engine.Cipher(options.Cipher),
		Rate: engineRate(options, capKbps), IdleTimeout: idleLimit, Clock: c.clock, Logger: c.Logger,
		MaxMemory: c.MaxMemory,
	}
	if c.own != nil {
		cfg.Group = c.own.group(sends(&c.Hello))
	}
	dial := func(ctx context.Context) (engine.Link, error) { return c.dial(ctx, welcome.UDPPort, cfg) }
	r := c.role(ctx, conn, options, cfg, dial)
	c.now.set(r)
	if c.own != nil {
		c.own.now.set(r)
	}
	return conclude(ctx, r)
}

func (c *Client) greet(conn *conn) (*control.Welcome, error) {
	timeout := time.AfterFunc(handshakeLimit, conn.close)
	defer timeout.Stop()
	c.Hello.Version = control.Version
	if c.Hello.Direction == string(transferspec.Receive) {
		if err := mayKeepOwners(c.Hello.Options); err != nil {
			return nil, err
		}
	}
	// A Download takes bytes in order, holes too.
	c.Hello.Options.Sparse = c.Download == nil && (c.own == nil || c.own.options.Sparse)
	// A list of sources that is too long for a Hello follows once the server knows who names them.
	parts := control.SplitSources(c.Hello.Sources)
	hello := c.Hello
	hello.Sources, hello.MoreSources = parts[0], len(parts) > 1
	if err := conn.send(&hello); err != nil {
		if errors.Is(err, control.ErrTooLong) {
			return nil, fail.New(fail.Usage, "token, tags and options are too long: %w", err)
		}
		return nil, err
	}
	m, err := conn.read()
	if err != nil {
		return nil, err
	}
	if _, ok := m.(*control.Continue); ok && hello.MoreSources {
		for i, part := range parts[1:] {
			if err := conn.send(&control.Sources{Sources: part, More: i < len(parts)-2}); err != nil {
				return nil, err
			}
			timeout.Reset(handshakeLimit)
		}
		if m, err = conn.read(); err != nil {
			return nil, err
		}
	}
	welcome, ok := m.(*control.Welcome)
	if !ok {
		return nil, fail.New(fail.Protocol, "the server answers with message %d instead of a welcome", m.Type())
	}
	return welcome, nil
}

func (c *Client) dial(ctx context.Context, port int, cfg engine.Config) (engine.Link, error) {
	dialing, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	link, err := c.Dial(dialing, port, cfg)
	switch {
	case err == nil:
		return link, nil
	case ctx.Err() != nil:
		return nil, ctxError(ctx)
	}
	return nil, failureOf(err, fail.Data)
}

func (c *Client) role(ctx context.Context, conn *conn, o control.Options, cfg engine.Config,
	dial func(context.Context) (engine.Link, error)) role {
	if c.Hello.Direction == string(transferspec.Send) {
		s := newSender(conn, c.Roots, o)
		s.moreRoots = c.MoreRoots
		if c.Upload != nil {
			s.stream = c.Upload
			c.Upload.attach(s)
		}
		s.onFile, s.rate, s.encrypt, s.mask = c.OnFile, cfg.Rate, c.Encrypt, c.Mask
		var source engine.Source = s
		if s.stream != nil {
			source = streamSource{s}
		}
		s.data = newDialingSender(dial, cfg, source)
		return s
	}
	if c.Download != nil {
		r := newStreamReceiver(conn, c.Download, o)
		r.onFile = c.OnFile
		r.data = newDialingReceiver(dial, cfg, c.Download)
		return r
	}
	r := newReceiver(conn, c.Target, func(p string) (string, *fail.Error) {
		if c.Name != nil {
			return c.Name(p)
		}
		return p, nil
	}, o)
	if c.own != nil {
		c.own.dress(ctx, r, c.plan)
	}
	r.onFile, r.decrypt = c.OnFile, c.Decrypt
	r.data = newDialingReceiver(dial, cfg, r)
	return r
}
