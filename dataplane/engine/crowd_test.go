package engine_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/simnet"
)

// TestCrowd has many flows begin within three seconds, all of which take the whole link for theirs. Each sees a queue
// that is always full, and loss that its own rate hardly changes: it may take neither for the path's.
func TestCrowd(t *testing.T) {
	const (
		n        = 50
		rate     = 300e6
		end      = 40 * time.Second
		spread   = 3 * time.Second
		measured = 20 // seconds
	)
	got := make([]float64, n)
	synctest.Test(t, func(t *testing.T) {
		link := simnet.Settings{RateBps: rate, Delay: 25 * time.Millisecond}
		ab, ba := simnet.NewPipe(link, 3), simnet.NewPipe(link, 4)
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() {
				wait := spread * time.Duration(i) / n
				time.Sleep(wait)
				f := flow{rate: engine.Rate{Policy: engine.PolicyFair}, capacity: 1}
				series := f.endless(t, uint64(i+1), ab, ba, rate, end-wait)
				got[i] = mean(series[len(series)-measured:])
			})
		}
		group.Wait()
	})
	var sum, squares float64
	for _, mbit := range got {
		sum += mbit
		squares += mbit * mbit
	}
	jain := sum * sum / (n * squares) // Jain's index of fairness
	t.Logf("%.1f Mbit/s, index %.3f: %.1f", sum, jain, got)
	if sum < 0.85*rate/1e6 {
		t.Errorf("%.1f Mbit/s in all, want about %.0f", sum, payloadShare*rate/1e6)
	}
	if jain < 0.75 {
		t.Errorf("Jain's index is %.3f, want about 0.9", jain)
	}
}
