package transfer

import (
	"context"
	"io"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/uuid"
)

// Job is one session that a server makes itself, as the client of another. At its own end it reads or writes what Grant
// allows, by the same rules as a client of the server would.
type Job struct {
	// Grant is for this end: one to receive for a job that sends, and the other way round.
	Grant token.Grant
	// Sources, or Destination, are at this end, relative to the grant's root. The destination of a source is the name that
	// it gets at the other end.
	Sources     []control.Source
	Destination string
	// Hello is what to ask the other server for.
	Hello control.Hello
	// CapKbps is the highest rate; 0 is no limit.
	CapKbps int64
	// Record is what to write down of the session; its id and its start are filled in.
	Record record.Transfer
	// Open opens the control channel, and Dial the data link to a UDP port of the other server.
	Open func(ctx context.Context) (io.ReadWriteCloser, error)
	Dial func(ctx context.Context, port int, cfg engine.Config) (engine.Link, error)
}

// writtenLimit is how long a job waits for its session to be written down.
const writtenLimit = 10 * time.Second

// RunJob makes one session and records it. Its error is a *fail.Error.
func (s *Server) RunJob(parent context.Context, j Job) (Summary, error) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	own := &session{Server: s, id: uuid.NewString(), grant: j.Grant, capKbps: leastPositive(s.CapKbps, j.CapKbps)}
	own.hello = &control.Hello{Sources: j.Sources, Destination: j.Destination}
	var err error
	if own.options, err = Normalize(j.Hello.Options); err != nil {
		return Summary{}, failureOf(err, fail.Usage)
	}
	own.options.Sparse = true
	p, err := own.plan(ctx)
	if err != nil {
		return Summary{}, failureOf(err, fail.Internal)
	}
	defer p.close()
	if _, ok := p.tree.(objectTree); ok {
		return Summary{}, fail.New(fail.Usage,
			"transfers that the node itself makes into an object storage are not there yet: send the files to it instead")
	}
	stream, err := j.Open(ctx)
	if err != nil {
		return Summary{}, failureOf(err, fail.Control)
	}
	j.Record.SessionID = own.id
	if own.recording, err = s.Recorder.Begin(ctx, j.Record); err != nil {
		stream.Close()
		return Summary{}, failureOf(err, fail.Internal)
	}
	own.began = time.Now()
	own.claimant = s.claims.enter(j.Grant.TransferID, cancel)
	defer s.claims.release(own.claimant)
	summary, err := own.make(ctx, cancel, j, p, stream)
	own.finish(err)
	select { // Who is told that the transfer has ended is to find its figures.
	case <-own.recording.Written():
	case <-time.After(writtenLimit):
	}
	if err != nil {
		return summary, failureOf(err, fail.Internal)
	}
	return summary, nil
}

// make runs the client of a job.
func (s *session) make(ctx context.Context, cancel context.CancelCauseFunc, j Job, p *plan,
	stream io.ReadWriteCloser) (Summary, error) {
	watching, stop := context.WithCancel(ctx)
	var watched sync.WaitGroup
	defer watched.Wait()
	defer stop()
	c := &Client{Hello: j.Hello, Roots: p.roots, Target: p.tree, Name: p.target, Dial: j.Dial, OnFile: s.recordFile(),
		Logger: s.Logger.With("session", s.id, "transfer", j.Record.TransferID), own: s, plan: p}
	c.onTerms = func() { watched.Go(func() { s.watch(watching, cancel) }) }
	summary, err := c.Run(ctx, stream)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return summary, err
}

// dress gives a receiver what its session at this server says.
func (s *session) dress(ctx context.Context, r *receiver, p *plan) {
	r.claim, r.unclaim = s.claiming(ctx)
	r.onFile, r.mayLink, r.keepExisting = s.recordFile(), p.mayLink, s.grant.KeepExisting
	r.maySave = func(target string) bool { return mayPlace(s.grant, target) }
	r.mayDelete = func(target string) bool { return mayDelete(s.grant, target) }
	r.encryptedOnly = s.grant.Session.EncryptedOnly
}

// group is what the sessions of this server that send, or receive, share.
func (s *session) group(sends bool) *engine.RateGroup {
	if sends {
		return s.Outbound
	}
	return s.Inbound
}

// sends reports whether the client of a Hello sends.
func sends(h *control.Hello) bool { return h.Direction == string(transferspec.Send) }
