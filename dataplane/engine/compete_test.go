package engine_test

import (
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/simnet"
)

// TestBesideTCP shares a link of 50 ms with one bulk TCP flow.
func TestBesideTCP(t *testing.T) {
	tests := []struct {
		policy      engine.Policy
		least, most float64 // share of the engine's flow
	}{
		{engine.PolicyFair, 0.3, 0.7},
		{engine.PolicyHigh, 0.4, 0.9},
		{engine.PolicyLow, 0.005, 0.22},
	}
	for _, tt := range tests {
		t.Run(string(tt.policy), func(t *testing.T) {
			t.Parallel()
			link := simnet.Settings{RateBps: 100e6, Delay: 25 * time.Millisecond}
			var tcp []float64
			f := flow{rate: engine.Rate{Policy: tt.policy}, bytes: 220e6, capacity: 1}
			if tt.policy == engine.PolicyLow {
				f.bytes = 120e6
			}
			o, pipe := simulate(t, link, 9, []flow{f}, func(ab, _ *simnet.Pipe) {
				time.Sleep(2 * time.Second)
				tcp = cubicFlow(ab, 50*time.Millisecond, 28*time.Second)
			})
			var own, other float64
			for i := 10; i < min(28, len(o[0].perSecond)); i++ {
				own += o[0].perSecond[i] / 18
				other += tcp[i-2] / 18
			}
			t.Logf("%.0f\n%.0f", o[0].perSecond[:min(len(o[0].perSecond), 45)], tcp)
			share := own / (own + other)
			t.Logf("%.1f beside %.1f Mbit/s of TCP: %.2f, queue %v", own, other, share, pipe.MeanQueue)
			if share < tt.least || share > tt.most {
				t.Errorf("share %.2f, want %.2f to %.2f", share, tt.least, tt.most)
			}
		})
	}
}
