// Package service does the control plane's background work: it watches the transfers of every node, and takes packages
// from their upload to their release and in the end to their removal. Several replicas share the work through the jobs
// table: a job belongs to one of them for the length of a lease, and every step may be repeated.
//
// It speaks to nodes only by their Node API, and decides nothing about who may see what.
package service

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/webhook"
)

const (
	// A run of a job ends before its lease does, so that no two replicas run it at once.
	runTimeout = 50 * time.Second
	lease      = 60 * time.Second
	planEvery  = 3 * time.Second
	idlePause  = 250 * time.Millisecond
	faultPause = 2 * time.Second
	// parallel runs in one replica: nodes that do not answer must not keep the others waiting.
	parallel = 8
	// batch is how many packages one query of a job gives.
	batch = 200
)

// Config of a worker.
type Config struct {
	Store  *store.Store
	Dialer *nodes.Dialer
	Log    *slog.Logger
	// Name tells replicas apart, for example the name of the pod.
	Name string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Ring opens the password of the mail server; nil sends no mails that need one.
	Ring *keyring.Ring
	// MailRoots vouch for the mail server; nil for the system's.
	MailRoots *x509.CertPool
	// Webhooks are addresses that may be called by webhooks beside those of the public Internet.
	Webhooks address.List
	// Registry takes the measures of the worker; nil for none.
	Registry prometheus.Registerer
}

// Worker runs jobs.
type Worker struct {
	store     *store.Store
	clients   *clients
	dialer    *nodes.Dialer
	log       *slog.Logger
	name      string
	now       func() time.Time
	metrics   metrics
	ring      *keyring.Ring
	mailRoots *x509.CertPool
	webhooks  webhook.Caller
	methods   map[string]method
	// cannotRevoke holds the ids of nodes that know no revocations.
	cannotRevoke sync.Map
}

// method is a kind of job.
type method struct {
	title    string
	kind     string // job_type of the API
	interval time.Duration
	perNode  bool
	once     bool // made by somebody else, and run once
	// limit ends a run; 0 for runTimeout. The lease of a longer one is lengthened while it runs.
	limit time.Duration
	run   func(context.Context, store.Job) error
}

// Job methods.
const (
	watchTransfers  = "watch_transfers"
	releasePackages = "release_packages"
	recheckUploads  = "recheck_uploads"
	followRemotes   = "follow_remote_transfers"
	expirePackages  = "expire_packages"
	removePackages  = "remove_packages"
	revokeTransfers = "revoke_transfers"
	sweepUploads    = "sweep_uploads"
	dispatchOutbox  = "dispatch_outbox"
	purgeJobs       = "purge_jobs"
	purgePackages   = "clean_deleted_packages"
	markMissing     = "mark_missing_packages"
	processFiles    = "packages_pending_file_processing"
	restUsers       = "delete_inactive_users"
	orderCalls      = "order_webhooks"
	postPackageMail = "send_" + store.PackageMail // as dispatch names it
)

// New makes a worker.
func New(c Config) *Worker {
	w := &Worker{
		store: c.Store, clients: newClients(c.Dialer), dialer: c.Dialer, log: c.Log, name: c.Name, now: c.Now,
		metrics: newMetrics(c.Registry), ring: c.Ring, mailRoots: c.MailRoots, webhooks: webhook.Caller{Allowed: c.Webhooks},
	}
	if w.now == nil {
		w.now = time.Now
	}
	w.methods = map[string]method{
		watchTransfers: {title: "Watch the transfers of a node", kind: "transfer_stats", interval: time.Second, perNode: true,
			run: w.watch},
		releasePackages: {title: "Release packages", kind: "package_processing", interval: time.Second, run: w.release},
		recheckUploads: {title: "Ask again for silent uploads", kind: "transfer_stats", interval: 30 * time.Second,
			run: w.recheck},
		followRemotes: {title: "Follow transfers from shared folders", kind: "transfer_stats", interval: time.Second,
			run: w.followRemote},
		expirePackages: {title: "Expire packages", kind: "package_processing", interval: 10 * time.Second, run: w.expire},
		revokeTransfers: {title: "Tell a node which transfers may not go on", kind: "transfer_stats", interval: time.Second,
			perNode: true, run: w.revoke},
		removePackages: {title: "Remove packages from their nodes", kind: "package_processing", interval: 2 * time.Second,
			run: w.remove},
		sweepUploads: {title: "Sweep the uploads of packages that are gone", kind: "background", interval: time.Hour,
			run: w.sweep},
		dispatchOutbox: {
			title:    "Make jobs of what was ordered",
			kind:     "background",
			interval: time.Second,
			run:      w.dispatch,
		},
		restUsers:     {title: "Delete inactive accounts", kind: "background", interval: time.Hour, run: w.rest},
		purgePackages: {title: "Purge records of deleted packages", kind: "background", interval: time.Hour, run: w.purge},
		processFiles: {title: "Packages Pending File Processing", kind: "package_processing", interval: time.Second,
			run: w.processFiles},
		markMissing:             {title: "Mark packages as missing", kind: "package_processing", interval: time.Hour, run: w.markMissing},
		purgeJobs:               {title: "Forget jobs that are over", kind: "background", interval: time.Hour, run: w.purgeJobs},
		orderCalls:              {title: "Find the webhooks of a package", kind: "event", once: true, run: w.orderCalls},
		store.MethodCallWebhook: {title: "Call a webhook", kind: "event", once: true, limit: callLimit, run: w.callWebhook},
		postPackageMail:         {title: "Tell of a package", kind: "email", once: true, run: w.postPackage},
		store.MethodSendMail:    {title: "Send mail", kind: "email", once: true, run: w.sendMail},
		store.MethodTestMail:    {title: "Test email settings", kind: "email", once: true, run: w.testMail},
	}
	return w
}

// Run works until ctx ends; the runs that are under way then are cut short and done again by whoever claims them.
func (w *Worker) Run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { w.planForever(ctx) })
	claiming := faults{what: "cannot claim jobs", log: w.log}
	slots := make(chan struct{}, parallel)
	for {
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		job, err := w.store.ClaimJob(ctx, w.name, w.now(), lease)
		if err == nil {
			claiming.note(ctx, nil)
			group.Go(func() {
				defer func() { <-slots }()
				w.runJob(ctx, job)
			})
			continue
		}
		<-slots
		if errors.Is(err, store.ErrNotFound) {
			claiming.note(ctx, nil)
			pause(ctx, idlePause)
			continue
		}
		claiming.note(ctx, err)
		pause(ctx, faultPause)
	}
}

// faults logs the first of several failures in a row, and that they are over: a database that is
// away for an hour is two lines.
type faults struct {
	what  string
	log   *slog.Logger
	since time.Time
}

func (f *faults) note(ctx context.Context, err error) {
	switch {
	case err != nil && f.since.IsZero() && ctx.Err() == nil:
		f.since = time.Now()
		f.log.WarnContext(ctx, f.what+", will go on trying", "error", err)
	case err == nil && !f.since.IsZero():
		f.log.InfoContext(ctx, f.what+": over", "after", time.Since(f.since).Round(time.Second).String())
		f.since = time.Time{}
	}
}

// RunOnce plans and runs every job that is due, one after the other, until none is. It is for tests and for tools.
func (w *Worker) RunOnce(ctx context.Context) error {
	if err := w.plan(ctx); err != nil {
		return err
	}
	for range 1000 {
		job, err := w.store.ClaimJob(ctx, w.name, w.now(), lease)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		w.runJob(ctx, job)
	}
	return errors.New("jobs do not come to an end")
}

func (w *Worker) planForever(ctx context.Context) {
	planning := faults{what: "cannot plan jobs", log: w.log}
	for ctx.Err() == nil {
		planning.note(ctx, w.plan(ctx))
		pause(ctx, planEvery)
	}
}

// plan makes the jobs that should exist and do not: one of each method, or one for each node.
func (w *Worker) plan(ctx context.Context) error {
	nodes, _, err := w.store.Nodes(ctx, store.NodeFilter{}, store.Page{Limit: 10_000})
	if err != nil {
		return err
	}
	exists, err := w.planned(ctx)
	if err != nil {
		return err
	}
	for name, m := range w.methods {
		if m.once {
			continue
		}
		references := []string{""}
		if m.perNode {
			references = references[:0]
			for _, node := range nodes {
				references = append(references, fmt.Sprint(node.ID))
			}
		}
		for _, reference := range references {
			if exists[jobKey{name, reference, m.interval}] {
				continue
			}
			err := w.store.EnsureJob(ctx, store.Job{
				Method: name, Name: m.title, Type: m.kind, Reference: reference, Persistent: true, Interval: m.interval,
				NextAvailability: w.now(),
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

type jobKey struct {
	method, reference string
	interval          time.Duration
}

// planned reads which jobs exist. Reading is much cheaper than writing what is there already, and locks nothing.
func (w *Worker) planned(ctx context.Context) (map[jobKey]bool, error) {
	jobs, _, err := w.store.Jobs(ctx, store.Page{Limit: 100_000})
	if err != nil {
		return nil, err
	}
	exists := make(map[jobKey]bool, len(jobs))
	for _, j := range jobs {
		exists[jobKey{j.Method, j.Reference, j.Interval}] = true
	}
	return exists, nil
}

// errGone means that what a job works on does not exist any more: the job goes too.
var errGone = errors.New("gone")

func (w *Worker) runJob(ctx context.Context, job store.Job) {
	m, known := w.methods[job.Method]
	if !known { // of a newer version: a replica of that version takes it
		w.finish(ctx, job, fmt.Errorf("job method %q is not known to this version", job.Method))
		return
	}
	run, cancel := context.WithTimeout(ctx, max(m.limit, runTimeout))
	if m.limit > runTimeout {
		go w.hold(run, job)
	}
	begin := w.now()
	err := m.run(run, job)
	cancel()
	w.metrics.observe(job.Method, err, w.now().Sub(begin))
	if errors.Is(err, errGone) {
		if err := w.store.DeleteJob(context.WithoutCancel(ctx), job.ID); err != nil {
			w.log.WarnContext(ctx, "cannot delete a job", "job", job.Method, "error", err)
		}
		return
	}
	if err != nil && ctx.Err() == nil {
		w.log.WarnContext(ctx, "job failed", "job", job.Method, "reference", job.Reference,
			"attempt", job.RetryCount+1, "error", err)
	}
	w.finish(ctx, job, err)
}

// hold lengthens the lease of a job until its run ends.
func (w *Worker) hold(ctx context.Context, job store.Job) {
	for {
		pause(ctx, lease/3)
		if ctx.Err() != nil {
			return
		}
		if err := w.store.HoldJob(ctx, job, w.now().Add(lease)); err != nil && ctx.Err() == nil {
			w.log.WarnContext(ctx, "cannot hold a job", "job", job.Method, "error", err)
		}
	}
}

// finish gives a job back, also when this process is about to end.
func (w *Worker) finish(ctx context.Context, job store.Job, failure error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	retry := retryAfter(job, failure)
	// Until it succeeds or the time is over: a job that is not given back waits for the end of its lease.
	for {
		err := w.store.FinishJob(ctx, job, w.now(), failure, retry)
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return
		}
		if ctx.Err() != nil {
			w.log.WarnContext(ctx, "cannot give a job back", "job", job.Method, "error", err)
			return
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// retryAfter is the pause before the next attempt of a job; 0 when there is none.
func retryAfter(job store.Job, failure error) time.Duration {
	switch {
	case failure == nil:
		return 0
	case job.Persistent:
		return backoff(job.RetryCount)
	case errors.Is(failure, mail.ErrRefused), job.MaxAttempts > 0 && job.RetryCount+1 >= job.MaxAttempts:
		return 0
	}
	return mailBackoff(job.RetryCount)
}

// backoff is the pause after a number of failures in a row: 1 s, doubled up to a minute.
func backoff(failures int) time.Duration {
	return min(time.Second<<min(failures, 6), time.Minute)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
