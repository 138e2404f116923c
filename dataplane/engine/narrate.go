package engine

import (
	"context"
	"log/slog"
	"math"
	"time"
)

const narrateEvery = time.Second

// narrate logs once a second, at level debug, what the rate control sees and does.
func (s *Sender) narrate(ctx context.Context) {
	if !s.cfg.Logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	tick := time.NewTicker(narrateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		st := s.Stats()
		s.mu.Lock()
		mode, loss := s.control.Mode(), s.control.Loss()
		s.mu.Unlock()
		s.cfg.Logger.Debug("rate", "mode", mode, "mbps", mbps(st.RateBps), "arriving", mbps(st.DeliveryBps), "capacity",
			mbps(st.CapacityBps),
			"rtt", st.RTT.Round(100*time.Microsecond), "queue", st.QueueDelay.Round(100*time.Microsecond), "lost",
			math.Round(loss*1e4)/1e4,
			"confirmed", st.Bytes)
	}
}

// mbps is a rate in Mbit/s with one decimal.
func mbps(bps int64) float64 { return math.Round(float64(bps)/1e5) / 10 }
