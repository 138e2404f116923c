package main

import (
	"context"
	"fmt"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
)

// Pauses between attempts to connect again.
const (
	firstPause = time.Second
	mostPause  = 10 * time.Second
)

// persist runs sessions until one ends by itself, or nothing has come of them for as long as the user is willing to
// wait. A transfer of which no session ever began is not tried again: its address may be wrong.
func (t *task) persist(ctx context.Context) (transfer.Summary, error) {
	began, giveUp, pause := time.Now(), time.Time{}, firstPause
	// Bytes of earlier sessions: moved, and what of them the receiver may have, which can be more than it had time to
	// confirm.
	var moved, there int64
	for {
		t.began = false
		summary, err := t.session(ctx)
		progress := t.began && (giveUp.IsZero() || summary.BytesMoved > 0)
		summary.BytesResumed = max(0, summary.BytesResumed-there)
		moved, there = moved+summary.BytesMoved, there+max(summary.BytesMoved, summary.BytesSent)
		summary.BytesMoved, summary.Elapsed = moved, time.Since(began)
		if progress {
			giveUp, pause = time.Now().Add(t.retryTimeout), firstPause
		}
		left := time.Until(giveUp)
		if err == nil || ctx.Err() != nil || left <= 0 || !fail.Of(err, fail.Internal).Passes() {
			return summary, err
		}
		if progress && !t.quiet {
			t.display.note(fmt.Sprintf("%v; trying for %v to connect again", err, t.retryTimeout))
		}
		select {
		case <-time.After(min(pause, left)):
		case <-ctx.Done():
			return summary, err
		}
		pause = min(2*pause, mostPause)
	}
}

// session runs one session; the server has files continued that an earlier one began.
func (t *task) session(ctx context.Context) (transfer.Summary, error) {
	channel, err := t.connectPatiently(ctx)
	if err != nil {
		return transfer.Summary{}, err
	}
	t.answered = addressOf(channel)
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		t.watch(watching)
	}()
	if t.disposal != nil {
		t.client.Roots = t.disposal.still()
	}
	mayBeGone := false
	if t.options.RemovesAtServer() {
		t.client.Hello.Sources, mayBeGone = t.arrivals.missing(t.client.Hello.Sources, t.sourceBase)
	}
	summary, err := t.client.Run(ctx, channel)
	stop()
	<-watched
	if e := fail.Of(err, fail.Internal); mayBeGone && e != nil && e.Code == fail.NoSuchFile {
		return summary, nil // All that an earlier session received is removed.
	}
	return summary, err
}
