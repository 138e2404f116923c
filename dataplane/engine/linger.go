package engine

import (
	"context"
	"time"
)

// How long a receiver that has to end early goes on, so that what the network and the machine hold
// of its data is not sent again.
const (
	// lingerQuiet is the silence after which nothing more is on its way, lingerMost the end of waiting for it.
	lingerQuiet = 100 * time.Millisecond
	lingerMost  = 2 * time.Second
	// lastWrites is how long what has arrived may take to be written.
	lastWrites = 5 * time.Second
)

// linger takes what is still on its way from a sender that is gone, or that was told to stop.
func (r *Receiver) linger(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lingerMost)
	defer cancel()
	buf := make([]byte, receiveBuffer)
	for begun := r.cfg.Clock.Now(); !r.aborted && !r.done(); {
		n, size, err := r.link.Receive(buf, lingerQuiet)
		now := r.cfg.Clock.Now()
		if err == nil {
			err = r.takeTrain(ctx, buf[:n], size, now)
		}
		if err != nil || now-max(r.heard, begun) >= lingerQuiet || now-begun >= lingerMost {
			return
		}
	}
}

// writeRest has everything written that has arrived, and ends the writers.
func (r *Receiver) writeRest() {
	r.mu.Lock()
	for _, s := range r.slabs {
		r.flush(s)
	}
	r.mu.Unlock()
	r.writeTill.Store(int64(r.cfg.Clock.Now() + lastWrites))
	close(r.writeq)
}
