package nodeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transfer/fail"
)

// The kinds of jobs.
const (
	jobDelete = "delete"
	jobRename = "rename"
	jobUsage  = "du"
)

const (
	// jobLease is how long a job is a node's without its word: after that another goes on with it.
	jobLease = 15 * time.Second
	// jobLook is how often a node looks for jobs that nobody holds.
	jobLook = time.Second
	// jobsAtOnce is how many jobs on files a node runs at a time, and transfersAtOnce how many that make transfers.
	jobsAtOnce      = 2
	transfersAtOnce = 32
	// sealAnewEvery is how often a node looks for secrets of jobs that were sealed with a former key.
	sealAnewEvery = time.Minute
)

// Why a job ends before it is done, as the record of a transfer's session tells it.
var (
	errJobStopped = &fail.Error{Code: fail.Canceled, Text: "it was canceled"}
	errJobPaused  = &fail.Error{Code: fail.Canceled, Text: "it was paused"}
	errJobLost    = &fail.Error{Code: fail.PeerAborted, Text: "another node goes on with it"}
)

// jobRunner takes jobs of some kinds from the database and works on them.
type jobRunner struct {
	*Server
	kinds  []string
	atOnce int
	holder string
	lease  time.Duration
	wake   chan struct{}
	// crashed has the runner say nothing more to the database, as if its process were gone; for tests.
	crashed atomic.Bool
}

// RunJobs works on jobs until ctx ends, and leaves what is not done to other nodes.
func (s *Server) RunJobs(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { s.jobs.run(ctx) })
	if s.Transfers != nil {
		running.Go(func() { s.transferJobs.run(ctx) })
		running.Go(func() { s.sealAnew(ctx) })
	}
	running.Wait()
}

func newJobRunner(s *Server, atOnce int, kinds ...string) *jobRunner {
	return &jobRunner{Server: s, holder: uuid.NewString(), lease: jobLease, wake: make(chan struct{}, 1), kinds: kinds,
		atOnce: atOnce}
}

// poke has the runner look for jobs now.
func (r *jobRunner) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *jobRunner) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, r.atOnce)
	tick := time.NewTicker(jobLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wake:
		}
		for more := r.filesElsewhere() == nil; more; {
			select {
			case free <- struct{}{}:
			default:
				more = false
				continue
			}
			job, err := r.Store.TakeJob(ctx, r.holder, r.lease, r.kinds...)
			if err != nil {
				<-free
				more = false
				if !errors.Is(err, store.ErrNotFound) && ctx.Err() == nil {
					r.Log.Error("take a job", "error", err)
				}
				continue
			}
			running.Go(func() {
				defer func() { <-free }()
				r.work(ctx, job)
			})
		}
	}
}

// work does a job to its end, or until it is stopped or another's.
func (r *jobRunner) work(parent context.Context, job store.Job) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	log := r.Log.With("job", job.ID, "kind", job.Kind, "accessKey", job.AccessKey)
	log.Info("job begins")
	progress := &jobProgress{}
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		r.keep(ctx, cancel, job, progress)
	}()
	var err error
	switch job.Kind {
	case jobDelete:
		err = r.deleteTree(ctx, job, progress)
	case jobRename:
		err = r.renameTree(ctx, job, progress)
	case jobUsage:
		err = r.addUpTree(ctx, job, progress)
	case store.JobTransfer:
		err = r.makeTransfer(ctx, job, progress)
	default:
		err = fmt.Errorf("job of an unknown kind %q", job.Kind)
	}
	cause := context.Cause(ctx)
	cancel(nil)
	<-kept
	if r.crashed.Load() {
		return
	}
	// The node may be about to end, and what became of the job is to be known all the same.
	ending, stop := context.WithTimeout(context.WithoutCancel(parent), jobLease/2)
	defer stop()
	end := store.JobEnd{Status: store.JobComplete, Progress: progress.text()}
	switch {
	case err == nil:
	case errors.Is(cause, errJobLost):
		log.Info("job is another's")
		return
	case errors.Is(cause, errJobStopped):
		end.Status = store.JobCancelled
	case errors.Is(cause, errJobPaused):
		end.Status = store.JobPaused
	case parent.Err() != nil: // Another node goes on at once, from what was done so far.
		if _, _, err := r.Store.KeepJob(ending, job.ID, r.holder, progress.text(), 0); err != nil {
			log.Error("leave a job to other nodes", "error", err)
		}
		return
	default:
		end = endOf(end, err)
		log.Warn("job failed", "error", err)
	}
	err = r.Store.EndJob(ending, job, r.holder, end)
	if err != nil {
		log.Error("store the end of a job", "error", err)
	}
	log.Info("job ends", "status", end.Status)
}

// endOf says of a job why it failed.
func endOf(end store.JobEnd, err error) store.JobEnd {
	end.Status = store.JobFailed
	var known *fail.Error
	switch {
	case !errors.As(err, &known):
		end.Code, end.Text = int(fail.Internal), toAPIError(err).message
	case known.Code == fail.Canceled:
		end.Status, end.Code, end.Text = store.JobCancelled, int(known.Code), known.Text
	default:
		end.Code, end.Text = int(known.Code), known.Text
	}
	return end
}

// keep renews the lease of a job while it is worked on. A database that is away for longer than the lease ends the work:
// another node may have begun.
func (r *jobRunner) keep(ctx context.Context, cancel context.CancelCauseFunc, job store.Job, progress *jobProgress) {
	tick := time.NewTicker(min(r.lease/5, jobLook))
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if r.crashed.Load() {
			cancel(errJobLost)
			return
		}
		held, stop, err := r.Store.KeepJob(ctx, job.ID, r.holder, progress.text(), r.lease)
		switch {
		case err == nil && !held, err != nil && time.Since(last) > r.lease*2/3:
			cancel(errJobLost)
			return
		case err != nil:
			continue
		case stop == store.StopCancel:
			cancel(errJobStopped)
			return
		case stop == store.StopPause:
			cancel(errJobPaused)
			return
		}
		last = time.Now()
	}
}

// jobProgress is what a job says of itself.
type jobProgress struct {
	mu   sync.Mutex
	said client.JobProgress
}

func (p *jobProgress) change(fn func(*client.JobProgress)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn(&p.said)
}

func (p *jobProgress) text() json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := json.Marshal(p.said)
	if err != nil {
		return json.RawMessage("{}") // Numbers are always JSON.
	}
	return text
}

// accepted is the answer to a call that became a job.
func (s *Server) accepted(ctx context.Context, c *caller, kind, p string, fileID uint64) (any, error) {
	made, err := s.queue(ctx, c, store.Job{Kind: kind, Path: p, FileID: fileID})
	if err != nil {
		return nil, err
	}
	return acceptedAs(made), nil
}

// acceptedAs is the answer to a call that became a job.
func acceptedAs(made client.Job) answer {
	return answer{status: http.StatusAccepted, header: http.Header{"Location": {made.URL}}, body: made}
}

// queue has a job of a caller's be done by any node.
func (s *Server) queue(ctx context.Context, c *caller, job store.Job) (client.Job, error) {
	job.ID, job.AccessKey, job.Owner = uuid.NewString(), c.keyID(), c.user
	if err := s.Store.CreateJob(ctx, job); err != nil {
		return client.Job{}, err
	}
	s.jobs.poke()
	url := "/ops/jobs/" + job.ID
	if job.FileID != 0 && c.key != nil {
		url = "/files/" + strconv.FormatUint(job.FileID, 10) + "?ajq_id=" + job.ID
	}
	return client.Job{ID: job.ID, Status: string(store.JobWaiting), URL: url}, nil
}

// ownJob reads a job of the caller's.
func (s *Server) ownJob(ctx context.Context, c *caller, id string) (store.Job, error) {
	job, err := s.Store.Job(ctx, id)
	if err != nil {
		return job, err
	}
	if !c.master() && (job.AccessKey != c.keyID() || (c.granted != nil || c.node != nil) && job.Owner != c.user) {
		return store.Job{}, errNotFound("not found")
	}
	return job, nil
}

// tellJob answers how far a job is, and has it stop if that is asked for.
func (s *Server) tellJob(ctx context.Context, c *caller, id, stop string) (any, error) {
	job, err := s.ownJob(ctx, c, id)
	if err != nil {
		return nil, err
	}
	switch stop {
	case "":
	case "cancel", "abort":
		if err := s.Store.StopJob(ctx, job, store.StopCancel); err != nil {
			return nil, err
		}
		if job, err = s.Store.Job(ctx, job.ID); err != nil {
			return nil, err
		}
	default:
		return nil, errBadRequest("stop must be cancel or abort")
	}
	out := client.Job{ID: job.ID, Status: string(job.Status), Error: job.Error,
		Elapsed: strconv.FormatFloat(job.Elapsed.Seconds(), 'f', 3, 64)}
	if err := json.Unmarshal(job.Progress, &out.JobProgress); err != nil {
		return nil, fmt.Errorf("progress of a job: %w", err)
	}
	return answer{status: http.StatusAccepted, body: out}, nil
}

func (s *Server) readJob(ctx context.Context, c *caller, r *http.Request) (any, error) {
	return s.tellJob(ctx, c, r.PathValue("id"), r.URL.Query().Get("stop"))
}

func (s *Server) stopJob(ctx context.Context, c *caller, r *http.Request) (any, error) {
	return s.tellJob(ctx, c, r.PathValue("id"), "cancel")
}

// sealAnew seals the secrets of jobs with the active key, so that a former one may go, until ctx ends.
func (s *Server) sealAnew(ctx context.Context) {
	tick := time.NewTicker(sealAnewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.sealAllAnew(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("secrets of jobs can't be sealed with the active key, will go on trying", "error", err)
			}
		}
	}
}

// secretsAtOnce is how many secrets are looked at with one query.
const secretsAtOnce = 500

func (s *Server) sealAllAnew(ctx context.Context) error {
	for after := ""; ; {
		secrets, err := s.Store.JobSecrets(ctx, after, secretsAtOnce)
		if err != nil {
			return err
		}
		for _, former := range secrets {
			after = former.Job
			sealed, err := s.Keys.SealedAnew(jobPurpose(former.Job), former.Sealed)
			if err != nil || sealed == nil {
				continue // One that can't be opened is told of when its job is run.
			}
			if err := s.Store.ReplaceJobSecret(ctx, former, sealed); err != nil {
				return err
			}
		}
		if len(secrets) < secretsAtOnce {
			return nil
		}
	}
}
