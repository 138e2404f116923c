package nodeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/remote"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// Transferrer makes the sessions of jobs; *transfer.Server is one.
type Transferrer interface {
	RunJob(ctx context.Context, j transfer.Job) (transfer.Summary, error)
}

// Pauses between the sessions of a job.
const (
	firstJobPause = time.Second
	mostJobPause  = time.Minute
)

// makeTransfer makes the transfer of a job, in as many sessions as it takes.
func (r *jobRunner) makeTransfer(ctx context.Context, job store.Job, progress *jobProgress) error {
	var req jobRequest
	if err := json.Unmarshal(job.Request, &req); err != nil {
		return fmt.Errorf("decode job: %w", err)
	}
	var before client.JobProgress
	if err := decodeText(job.Progress, &before); err != nil {
		return err
	}
	progress.change(func(p *client.JobProgress) { p.Retry = before.Retry })
	patience, err := readPatience(req.Tags)
	if err != nil {
		return err
	}
	node, err := r.remoteOf(ctx, job, req)
	if err != nil {
		return err
	}
	for {
		if err := r.Store.ShowTransferJob(ctx, job, r.holder, store.JobEnd{Status: store.JobRunning}); err != nil {
			return err
		}
		summary, err := r.session(ctx, job, req, node)
		if err == nil || ctx.Err() != nil {
			return err
		}
		e := fail.Of(err, fail.Internal)
		if !e.Passes() {
			return err
		}
		pause, again := progress.failed(summary.BytesMoved > 0, patience, r.Now())
		if !again {
			return err
		}
		r.Log.Info("transfer job waits", "transfer", job.ID, "pause", pause, "error", e)
		if err := r.Store.ShowTransferJob(ctx, job, r.holder, store.JobEnd{Status: store.JobWaiting, Code: int(e.Code),
			Text: e.Text}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // No secret depends on it.
		}
	}
}

// failed counts a session of which something or nothing came, and says how long to wait before another, if any.
func (p *jobProgress) failed(moved bool, patience patience, now time.Time) (pause time.Duration, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	retry := p.said.Retry
	if retry == nil || moved {
		retry = &client.JobRetry{Since: now.UTC()}
	}
	retry = &client.JobRetry{Count: retry.Count + 1, Since: retry.Since}
	p.said.Retry = retry
	pause = min(firstJobPause<<min(retry.Count-1, 10), mostJobPause)
	if patience.Times > 0 {
		return pause, retry.Count <= patience.Times
	}
	return pause, now.Sub(retry.Since) < patience.For
}

// remoteOf is the other node of a job, with what it takes to log in there.
func (r *jobRunner) remoteOf(_ context.Context, job store.Job, req jobRequest) (*jobRemote, error) {
	text, err := r.Keys.OpenSecret(jobPurpose(job.ID), job.Secrets)
	if err != nil {
		return nil, fail.New(fail.Authorization, "what the job logs in with can't be read: it was %w; make the transfer again",
			err)
	}
	var secrets client.TransferJobSecrets
	if err := json.Unmarshal(text, &secrets); err != nil {
		return nil, errors.New("decode secrets of job") // The cause holds what is secret.
	}
	return &jobRemote{token: secrets.Token, Node: &remote.Node{
		Rules: r.Remotes, Host: req.RemoteHost, User: req.RemoteUser, SSHPort: req.SSHPort, WSSPort: req.WSSPort,
		UDPPort: req.FASPPort, WebSocket: req.WSSEnabled && secrets.Token != "", Password: secrets.RemotePassword,
		Key: secrets.SSHPrivateKey, Passphrase: secrets.SSHPrivateKeyPassphrase, Token: secrets.Token != "",
		Fingerprint: req.SSHFP, DatagramSize: req.DatagramSize,
	}}, nil
}

// jobRemote is the other node, and the token for it.
type jobRemote struct {
	*remote.Node
	token string
}

// session makes one session of a job, as whom it is made for may now.
func (r *jobRunner) session(ctx context.Context, job store.Job, req jobRequest, node *jobRemote) (transfer.Summary,
	error) {
	c, err := r.callerOf(ctx, req.Party)
	if err != nil {
		return transfer.Summary{}, jobError(err)
	}
	defer c.close()
	here, err := r.localEnd(ctx, c, job.ID, req.TransferJob)
	if err != nil {
		return transfer.Summary{}, jobError(err)
	}
	hello, capKbps, err := r.jobHello(ctx, job, req.TransferJob, here)
	if err != nil {
		return transfer.Summary{}, jobError(err)
	}
	hello.Token = node.token
	written := jobRecord(c, job.ID, req.TransferJob)
	written.StartSpec.TargetRateKbps = hello.Options.TargetKbps
	return r.Transfers.RunJob(ctx, transfer.Job{
		Grant: here.grant, Sources: here.sources, Destination: here.destination, Hello: hello, CapKbps: capKbps,
		Record: written, Open: node.Open, Dial: node.Dial,
	})
}

// jobHello is what the other node is asked for, and the highest rate.
func (r *jobRunner) jobHello(ctx context.Context, job store.Job, in client.TransferJob, here local) (hello control.Hello,
	capKbps int64, err error) {
	o := jobOptions(in)
	rates := r.rates(client.TransferRequest{RatePolicy: in.RatePolicy, TargetRateKbps: in.TargetRateKbps,
		TargetRateCapKbps: in.TargetRateCapKbps, MinRateKbps: in.MinRateKbps}, here.limits)
	wanted, err := r.Store.WantedRate(ctx, job.ID)
	if err != nil {
		return hello, 0, err
	}
	rates = changed(rates, wanted)
	o.TargetKbps, o.MinKbps, o.RatePolicy = rates.TargetKbps, rates.MinKbps, rates.Policy
	if o.Cipher == "" {
		if o.Cipher, _, err = r.ciphers(here.limits); err != nil {
			return hello, 0, err
		}
		o.CipherOptional = here.limits.Cipher == ""
	} else if err := permitsCipher(here.grant, o.Cipher); err != nil {
		return hello, 0, err
	}
	rules := here.grant.Session
	o.PreserveTimes = o.PreserveTimes || rules.PreserveTimes
	if rules.Checksum != "" && (o.Checksum == "" || o.Checksum == transfer.ChecksumNone) {
		o.Checksum = rules.Checksum
	}
	hello = control.Hello{Agent: "hsts " + r.Version, Direction: string(in.Direction), Options: o, Cookie: in.Cookie,
		Tags: in.Tags, TransferID: job.ID, Base: in.SourceBase}
	if in.Direction == transferspec.Send {
		hello.Base, hello.Destination, hello.Single = "", in.DestinationRoot, here.single
		for _, p := range in.Paths {
			if p.Destination != "" {
				hello.Pairs = true
				hello.Sources = append(hello.Sources, control.Source{Source: p.Source, Destination: p.Destination})
			}
		}
		return hello, rates.TargetCapKbps, nil
	}
	for _, p := range in.Paths {
		hello.Sources = append(hello.Sources, control.Source{Source: joinSource(in.SourceRoot, p.Source),
			Destination: p.Destination})
	}
	return hello, rates.TargetCapKbps, nil
}

// changed are rates after what was asked for since, within the same limit.
func changed(rates token.Rates, c record.RateChange) token.Rates {
	if c.TargetKbps > 0 {
		rates.TargetKbps = leastPositive(c.TargetKbps, rates.TargetCapKbps)
	}
	if c.MinKbps != nil {
		rates.MinKbps = *c.MinKbps
	}
	if rates.TargetKbps > 0 {
		rates.MinKbps = min(rates.MinKbps, rates.TargetKbps)
	}
	if c.Policy != "" {
		rates.Policy = c.Policy
	}
	if rates.Policy == "fixed" && rates.TargetKbps == 0 {
		rates.Policy = "fair" // It can't be kept without a rate.
	}
	return rates
}

func permitsCipher(g token.Grant, cipher string) error {
	if g.Ciphers == nil {
		return nil
	}
	for _, c := range g.Ciphers {
		if c == cipher {
			return nil
		}
	}
	return errConflict("cipher " + cipher + " is not permitted by the access key")
}

// joinSource puts the folder of the sources before one of them. What stands for all that a folder holds goes on to.
func joinSource(root, source string) string {
	joined := source
	if root != "" {
		joined = path.Join(root, source)
	}
	if trimmed := strings.TrimRight(source, "/"); trimmed == "." || strings.HasSuffix(trimmed, "/.") {
		return strings.TrimSuffix(path.Clean(joined), "/") + "/."
	}
	return joined
}

// jobError is a failure at this end as the record of a transfer tells it. What is the database's passes.
func jobError(err error) error {
	known := toAPIError(err)
	var said *apiError
	code := fail.Internal
	switch {
	case errors.As(err, &said) && said.status == http.StatusServiceUnavailable, known.failed():
		return &fail.Error{Code: fail.Control, Text: "this node can't begin the transfer now", Passing: true, Err: err}
	case known.status == http.StatusForbidden:
		code = fail.Authorization
	case known.status == http.StatusNotFound:
		code = fail.NoSuchFile
	case known.status < http.StatusInternalServerError:
		code = fail.Usage
	}
	return &fail.Error{Code: code, Text: known.message, Err: err}
}
