package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"faspex.io/operator/dataplane/reach"
)

// Of many clients that start at once a node takes some and tells the others to come again. They do after pauses that
// differ, so that they do not all come at once again.
const (
	busyPatience   = 2 * time.Minute
	firstBusyPause = 200 * time.Millisecond
	mostBusyPause  = 5 * time.Second
	// mostHangUps is how often a node may hang up without a word: it may as well not want this client at all.
	mostHangUps = 6
)

// connectPatiently connects, again and again while the node says that it is busy.
func (t *task) connectPatiently(ctx context.Context) (io.ReadWriteCloser, error) {
	end, hangUps := time.Now().Add(busyPatience), 0
	for pause := firstBusyPause; ; pause = min(2*pause, mostBusyPause) {
		channel, err := t.connect(ctx)
		switch {
		case err == nil || time.Now().After(end):
			return channel, err
		case errors.Is(err, reach.ErrBusy):
		case errors.Is(err, reach.ErrHungUp):
			if hangUps++; hangUps == mostHangUps {
				return nil, err
			}
		default:
			return nil, err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // No secret depends on it.
		case <-ctx.Done():
			return nil, err
		}
	}
}

// addressOf is the IP address at the other end of a channel, empty if it is not known.
func addressOf(channel io.ReadWriteCloser) string {
	c, ok := channel.(interface{ RemoteAddr() net.Addr })
	if !ok {
		return ""
	}
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return ""
	}
	return at.Addr().Unmap().String()
}
