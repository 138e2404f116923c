package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"faspex.io/operator/hack/bench/flows"
	"faspex.io/operator/hack/bench/report"
	"faspex.io/operator/hack/bench/testbed"
)

// measure runs all flows of a scenario: each alone, in turns, or all at the same time.
func (b *bench) measure(ctx context.Context, s *scenario) error {
	if err := b.prepare(s.bytes); err != nil {
		return err
	}
	for run := 1; run <= b.runs; run++ {
		if s.together != nil {
			if err := b.share(ctx, s, run); err != nil {
				return err
			}
			continue
		}
		for _, f := range s.flows {
			if !b.flows.MatchString(f.Name) {
				continue
			}
			r, err := b.alone(ctx, s, f, run)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				r.Note = err.Error()
			}
			if err := b.add(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) add(r report.Row) error {
	fmt.Printf("%-18s %-14s run %d: %7.1f Mbit/s, share %.3f of at most %.3f, sent %.3f, queue %.1f ms, cpu %.2f+%.2f s/GB, others %.0f %% %s\n",
		r.Scenario, r.Flow, r.Run, r.Mbps, r.Share, r.Limit, r.Sent, r.QueueMs, r.SenderCPU, r.ReceiverCPU, 100*r.Others,
		r.Note)
	return b.book.Add(r)
}

func (b *bench) job(p *testbed.Pair, s *scenario) flows.Job {
	job := flows.Job{Pair: p, Programs: b.programs, Folder: b.folder, Source: b.source, Bytes: s.bytes, Files: 1,
		RateBps: int64(s.rate), RTT: s.rtt,
		Limit: 2*s.ideal() + 8*s.rtt + s.patience}
	if b.log {
		job.Log = os.Stderr
	}
	return job
}

// alone measures one flow on a link of its own.
func (b *bench) alone(ctx context.Context, s *scenario, f flows.Flow, run int) (report.Row, error) {
	r := report.Row{Scenario: s.name, Flow: f.Name, Run: run, Limit: s.limit()}
	if isOurs(f) {
		r.Bar = s.bar
	}
	pair, err := testbed.WAN(ctx, b.programs+"/wanem", b.folder, s.settings, run)
	if err != nil {
		return r, err
	}
	before, err := testbed.Now()
	if err != nil {
		return r, errors.Join(err, closed(pair))
	}
	o, err := f.Run(ctx, b.job(pair, s))
	counted, closeErr := pair.Close()
	if err = errors.Join(err, closeErr); err != nil {
		return r, err
	}
	describe(&r, o, s)
	if r.Others, err = before.Others(o.SenderCPU + o.ReceiverCPU + counted.User + counted.System); err != nil {
		return r, err
	}
	if o.Bytes > 0 {
		r.Sent = float64(counted.AB.Bytes) * payloadShare / float64(o.Bytes)
	}
	r.QueueMs = counted.AB.MeanQueueMs
	if s.group == "short" && !o.Cut {
		r.Note = fmt.Sprintf("%.3f s of at least %.3f", o.Seconds, s.least().Seconds())
	}
	if trouble := counted.Trouble(); trouble != "" {
		r.Note = trouble
	}
	return r, nil
}

func describe(r *report.Row, o flows.Outcome, s *scenario) {
	r.Mbps, r.Share, r.Handshake = o.Goodput()/1e6, o.Goodput()/s.rate, o.Handshake.Seconds()
	r.MemoryMiB = float64(o.PeakMemory) / (1 << 20)
	if gb := float64(o.Bytes) / 1e9; gb > 0 {
		r.SenderCPU, r.ReceiverCPU = o.SenderCPU/gb, o.ReceiverCPU/gb
	}
	if o.Cut {
		r.Note = "stopped before its end"
	}
}

// share measures all flows of a scenario on one link at the same time. What counts is the
// time in which all of them run.
func (b *bench) share(ctx context.Context, s *scenario, run int) error {
	pair, err := testbed.WAN(ctx, b.programs+"/wanem", b.folder, s.settings, run)
	if err != nil {
		return err
	}
	before, err := testbed.Now()
	if err != nil {
		return errors.Join(err, closed(pair))
	}
	outcomes, errs := make([]flows.Outcome, len(s.flows)), make([]error, len(s.flows))
	var group sync.WaitGroup
	for i, f := range s.flows {
		job := b.job(pair, s)
		job.Slot, job.Timed, job.Limit = i, true, s.together.to+2*time.Second
		group.Go(func() { outcomes[i], errs[i] = f.Run(ctx, job) })
	}
	group.Wait()
	counted, closeErr := pair.Close()
	if err := errors.Join(ctx.Err(), closeErr); err != nil {
		return err
	}
	own := counted.User + counted.System
	for _, o := range outcomes {
		own += o.SenderCPU + o.ReceiverCPU
	}
	others, err := before.Others(own)
	if err != nil {
		return err
	}
	for i, f := range s.flows {
		r := report.Row{Scenario: s.name, Flow: f.Name, Run: run, Limit: s.limit(), QueueMs: counted.AB.MeanQueueMs,
			Others: others, Note: counted.Trouble()}
		if i > 0 && f.Name == s.flows[0].Name {
			r.Flow += " (2nd)"
		}
		if i == s.together.index {
			r.Bar = s.together.least
		}
		if errs[i] == nil {
			describe(&r, outcomes[i], s)
			began := start(outcomes)
			bps := outcomes[i].Between(began.Add(s.together.from), began.Add(s.together.to))
			r.Mbps, r.Share, r.Note = bps/1e6, bps/s.rate, counted.Trouble()
			if i == s.together.index && r.Share > s.together.most {
				r.Note = fmt.Sprintf("MISSED: takes more than %.2f", s.together.most)
			}
		} else {
			r.Note = errs[i].Error()
		}
		if err := b.add(r); err != nil {
			return err
		}
	}
	return nil
}

// start is when the last of the flows began.
func start(outcomes []flows.Outcome) time.Time {
	var last time.Time
	for _, o := range outcomes {
		if len(o.Series) > 0 && o.Series[0].At.After(last) {
			last = o.Series[0].At
		}
	}
	return last
}

// closed removes a pair that was not used.
func closed(p *testbed.Pair) error {
	_, err := p.Close()
	return err
}

func isOurs(f flows.Flow) bool {
	for _, o := range ours {
		if o.Name == f.Name {
			return true
		}
	}
	return false
}
