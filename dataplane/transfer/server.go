package transfer

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/uuid"
)

// Links announces sessions to the data port; *udplink.Endpoint is one.
type Links interface {
	Register(cfg engine.Config) (engine.Link, error)
}

// Server serves sessions to clients.
type Server struct {
	// Root is the storage root; a session sees what its grant allows of it.
	Root *storage.Root
	// Objects, if not nil, has the folders that are in object stores.
	Objects    Objects
	Authorizer token.Authorizer
	Recorder   record.Recorder
	Links      Links
	// UDPPort is the data port that clients are told.
	UDPPort int
	// Agent names this server and its version.
	Agent string
	// Ciphers are those that clients may choose, the preferred one first; nil is all that encrypt.
	Ciphers []string
	// DefaultKbps is the target rate of clients that ask for none, CapKbps the highest they may ask for; 0 is no limit.
	DefaultKbps, CapKbps int64
	// Policy is the rate policy of clients that ask for none.
	Policy string
	// Outbound and Inbound, if not nil, are what the sessions that send, or receive, share.
	Outbound, Inbound *engine.RateGroup
	// OutsideLinks permits symbolic links in uploads whose text leads out of what was granted. The server follows none of
	// them; who receives them later might.
	OutsideLinks bool
	Logger       *slog.Logger

	// Claims, if not nil, keep sessions of other nodes from writing a file that a session of this one writes.
	Claims record.Claims

	claims     claims
	shareOnce  sync.Once
	sharedWith *sharedClaims
	clock      engine.Clock // nil is the system's
}

// shared asks the other nodes for claims.
func (s *Server) shared() *sharedClaims {
	s.shareOnce.Do(func() { s.sharedWith = &sharedClaims{claims: s.Claims, log: s.Logger} })
	return s.sharedWith
}

// Peer is who opened the control channel.
type Peer struct {
	// User is the transfer user that authenticated.
	User string
	// Addr and LocalAddr are the IP addresses of both ends.
	Addr, LocalAddr string
	// Door is ssh or wss.
	Door string
	// LoginKey is the fingerprint of the SSH key that the client logged in with; empty if it did without.
	LoginKey string
	// Proved says that the user logged in with a key or a password of the user's own.
	Proved bool
	// Authorized, if not nil, is called when the session was authorized, before anything but the Hello is read of the peer
	// and anything is said to it. It is not called for a session that is refused.
	Authorized func()
}

// Serve runs one session over stream and closes it. Its error is an *fail.Error, already told to the client and logged.
func (s *Server) Serve(parent context.Context, stream io.ReadWriteCloser, peer Peer) error {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	defer cancel(nil)
	unhook := context.AfterFunc(parent, func() { cancel(errShutdown) })
	defer unhook()
	conn := newStrangersConn(stream)
	defer conn.close()
	session := &session{Server: s, peer: peer, conn: conn, id: uuid.NewString()}
	if err := session.run(ctx); err != nil {
		return failureOf(err, fail.Internal)
	}
	return nil
}

// session is one session at the server.
type session struct {
	*Server
	peer      Peer
	conn      *conn
	id        string
	hello     *control.Hello
	grant     token.Grant
	options   control.Options
	capKbps   int64
	recording record.Recording
	claimant  *claimant
	began     time.Time
	now       current
	mounted   mountedAt
}

func (s *session) run(ctx context.Context) error {
	plan, err := s.open(ctx)
	if err == nil {
		if err = s.record(ctx); err != nil {
			plan.close()
		}
	}
	if err != nil {
		farewellTo(s.conn, err)
		s.Logger.Info("session refused", "session", s.id, "client", s.peer.Addr, "user", s.peer.User, "error", err)
		return err
	}
	log := s.Logger.With("session", s.id, "transfer", s.grant.TransferID, "accessKey", s.grant.AccessKey,
		"direction", s.hello.Direction)
	log.Info("session started", "client", s.peer.Addr, "user", s.peer.User, "agent", s.hello.Agent)
	s.began = time.Now()
	err = s.transfer(ctx, plan)
	s.finish(err)
	p := s.now.progress()
	log.Info("session ended", "files", p.FilesDone, "failed", p.FilesFailed, "bytes", p.BytesMoved,
		"resumed", p.BytesResumed, "lost", p.Lost, "forged", p.Forged, "replayed", p.Replayed,
		"elapsed", time.Since(s.began).Round(time.Millisecond), "outcome", outcome(err))
	return err
}

func outcome(err error) string {
	if err == nil {
		return "completed"
	}
	return err.Error()
}

// open reads the Hello and decides whether and where the session may go.
func (s *session) open(ctx context.Context) (*plan, error) {
	timeout := time.AfterFunc(handshakeLimit, s.conn.close)
	defer timeout.Stop()
	m, err := s.conn.read()
	if err != nil {
		return nil, lost(err)
	}
	hello, ok := m.(*control.Hello)
	if !ok {
		return nil, fail.New(fail.Protocol, "the first message is no hello")
	}
	if hello.Version != control.Version {
		return nil, fail.New(fail.Protocol, "protocol version %d is not supported, this server speaks %d", hello.Version,
			control.Version)
	}
	s.hello = hello
	if err := s.negotiate(); err != nil {
		return nil, err
	}
	request, err := s.request()
	if err != nil {
		return nil, err
	}
	if s.grant, err = s.authorize(ctx, request); err != nil {
		return nil, failureOf(err, fail.Authorization)
	}
	if s.peer.Authorized != nil {
		s.peer.Authorized()
	}
	s.conn.trust()
	if err := s.moreSources(timeout); err != nil {
		return nil, err
	}
	if s.grant.TransferID == "" {
		s.grant.TransferID = s.id
	}
	if err := refuseHTTP(s.grant, hello.Agent); err != nil {
		return nil, err
	}
	if err := s.useGrantedCipher(); err != nil {
		return nil, err
	}
	s.demand()
	if err := s.limit(); err != nil {
		return nil, err
	}
	if err := s.mayRemoveSources(ctx); err != nil {
		return nil, err
	}
	return s.plan(ctx)
}

// authorize asks whether the client may do this. An error that is no refusal is told to the log alone.
func (s *session) authorize(ctx context.Context, r token.Request) (token.Grant, error) {
	g, err := s.Authorizer.Authorize(ctx, r)
	if err != nil && !token.IsRefusal(err) {
		s.Logger.Error("authorize a transfer", "session", s.id, "error", err)
		err = &fail.Error{Code: fail.Authorization, Text: "the token can't be checked now, try again", Err: err}
	}
	return g, err
}

func (s *session) transfer(ctx context.Context, p *plan) error {
	defer p.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.claimant = s.claims.enter(s.grant.TransferID, cancel)
	defer s.claims.release(s.claimant)

	cfg, link, err := s.register()
	if err != nil {
		farewellTo(s.conn, err)
		return err
	}
	defer link.Close()
	err = s.conn.send(&control.Welcome{
		Version: control.Version, Agent: s.Agent, SessionID: s.id, TransferID: s.grant.TransferID, LinkID: uint64(cfg.ID),
		Secret: cfg.Secret[:], UDPPort: s.UDPPort, TargetCapKbps: s.capKbps, Options: s.options,
	})
	if err != nil {
		return lost(err)
	}
	r, err := s.role(ctx, p, cfg, link)
	if err != nil {
		farewellTo(s.conn, err)
		return err
	}
	s.now.set(r)
	go s.watch(ctx, cancel)
	go func() {
		if err := ready(ctx, link); err != nil && ctx.Err() == nil {
			cancel(err)
		}
	}()
	return conclude(ctx, r)
}

// register announces the session to the data port under a fresh id and secret.
func (s *session) register() (engine.Config, engine.Link, error) {
	cfg := engine.Config{
		Cipher: engine.Cipher(s.options.Cipher), Rate: engineRate(s.options, s.capKbps), IdleTimeout: idleLimit,
		Clock: s.clock, Logger: s.Logger.With("session", s.id),
	}
	var err error
	for range 4 { // An id may be taken.
		var id [8]byte
		rand.Read(id[:])
		rand.Read(cfg.Secret[:])
		cfg.ID = engine.SessionID(binary.BigEndian.Uint64(id[:]))
		var link engine.Link
		if link, err = s.Links.Register(cfg); err == nil {
			return cfg, link, nil
		}
	}
	return cfg, nil, fmt.Errorf("register the session with the data port: %w", err)
}

func (s *session) role(ctx context.Context, p *plan, cfg engine.Config, link engine.Link) (role, error) {
	if s.grant.Direction == transferspec.Receive {
		r := newSender(s.conn, p.roots, s.options)
		r.onFile, r.rate = s.recordFile(), cfg.Rate
		if s.options.RemovesAtServer() {
			s.removeSources(r, p)
		}
		cfg.Group = s.group(true)
		data, err := engine.NewSender(cfg, link, r)
		if err != nil {
			return nil, fmt.Errorf("start the sender: %w", err)
		}
		r.data = data
		return r, nil
	}
	r := newReceiver(s.conn, p.tree, p.target, s.options)
	s.dress(ctx, r, p)
	cfg.Group = s.group(false)
	data, err := engine.NewReceiver(cfg, link, r, nil)
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	r.data = data
	return r, nil
}

// errShutdown is the cause of sessions that end because the server does.
var errShutdown = &fail.Error{Code: fail.PeerAborted, Text: "the server is shutting down, run again to resume",
	Passing: true}

// errCanceled is the cause of a session that the Node API canceled.
var errCanceled = &fail.Error{Code: fail.Canceled, Text: "the transfer was canceled on the server"}

// watch records progress and obeys the Node API until ctx ends.
func (s *session) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.recording.Canceled():
			cancel(errCanceled)
			return
		case change := <-s.recording.RateChanges():
			s.changeRate(change)
		case <-tick.C:
			s.recording.Progress(s.recorded())
		}
	}
}

func (s *session) changeRate(c record.RateChange) {
	switch r := s.now.get().(type) {
	case *sender:
		var target, least *int64
		var policy *engine.Policy
		if c.TargetKbps > 0 {
			kbps := s.withinCap(c.TargetKbps)
			target = &kbps
		}
		if c.MinKbps != nil {
			kbps := s.withinCap(*c.MinKbps)
			least = &kbps
		}
		if c.Policy != "" {
			wanted := engine.Policy(c.Policy)
			policy = &wanted
		}
		r.setRate(target, least, policy)
	case *receiver:
		if c.TargetKbps > 0 {
			_ = r.conn.send(&control.Rate{TargetKbps: uint64(s.withinCap(c.TargetKbps))}) // A session that ended needs no rate.
		}
	}
}

// claiming are the claim of a target and its end.
func (s *session) claiming(ctx context.Context) (claim func(target, part string, size int64) *fail.Error,
	unclaim func(target, part string, size int64)) {
	shared := func(p, part string) record.Claim {
		return record.Claim{Path: p, Part: part, SessionID: s.id, TransferID: s.grant.TransferID}
	}
	return func(target, part string, size int64) *fail.Error {
			p := s.place(target)
			if held := s.claims.take(ctx, p, part, s.claimant); held != nil {
				return held
			}
			held := s.shared().take(ctx, shared(p, part), size, s.claimant)
			if held != nil {
				s.claims.drop(p, part, s.claimant)
			}
			return held
		}, func(target, part string, size int64) {
			p := s.place(target)
			s.shared().drop(ctx, shared(p, part), size)
			s.claims.drop(p, part, s.claimant)
		}
}

// finish records how the session ended.
func (s *session) finish(err error) {
	s.recording.Progress(s.recorded())
	o := record.Outcome{Status: record.StatusCompleted}
	if err != nil {
		e := failureOf(err, fail.Internal)
		o = record.Outcome{Status: record.StatusFailed, Code: int(e.Code), Description: e.Text}
		if errors.Is(err, errCanceled) || e.Code == fail.Canceled {
			o.Status = record.StatusCanceled
		}
	}
	s.recording.Finish(o)
}
