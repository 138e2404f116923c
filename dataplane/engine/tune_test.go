package engine_test

import (
	"os"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/simnet"
)

func TestTune(t *testing.T) {
	if os.Getenv("TUNE") == "" {
		return
	}
	for _, rtt := range []time.Duration{10, 100, 250} {
		for _, loss := range []float64{0, .01, .05} {
			fw := simnet.Settings{RateBps: 300e6, Delay: rtt * time.Millisecond / 2, Loss: loss}
			bw := simnet.Settings{RateBps: 300e6, Delay: rtt * time.Millisecond / 2, Loss: loss}
			f := flow{policy: engine.PolicyFair, bytes: 400e6, capacity: 1}
			wall := time.Now()
			res, st := simulate(t, fw, bw, 7, []flow{f}, nil)
			r := res[0]
			t.Logf("rtt %3d loss %.2f: %.4f of limit %.4f (%.3f) err %v wrong %d  over %.4f dup %d  q mean %v (true %v max %v drops %d) rate %d cap %d wall %v",
				rtt, loss, share(f, r, 300e6), (1-loss)*1438/1500, share(f, r, 300e6)/((1-loss)*1438/1500), r.err, r.wrong, float64(r.send.WireBytes)/(400e6*1500/1438),
				r.receive.Duplicates, r.send.MeanQueueDelay, st.MeanQueue, st.MaxQueue, st.QueueDrops, r.send.RateBps, r.send.CapacityBps, time.Since(wall))
		}
	}
}
