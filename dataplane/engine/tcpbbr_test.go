package engine_test

import (
	"math/rand/v2"
	"time"
)

// tcpBBR is BBR version 1 as in Linux, without its detection of policers. Where the send buffer is smaller than what
// STARTUP wants to have under way, it never leaves STARTUP: samples that the buffer limits say nothing of the path.
type tcpBBR struct {
	rng        *rand.Rand
	mode       bbrMode
	cwnd, gain float64
	rates      [10]float64 // the largest of each of the last round trips, packets per second
	round      int
	rated      int // the last of them in which there was a rate
	minRTT     time.Duration
	minAt      time.Duration
	full       float64
	fullRounds int
	phase      int
	phaseAt    time.Duration
	probeEnd   time.Duration
	before     float64
	recovery   int // rounds since the loss, 0 is none
}

type bbrMode int

const (
	bbrStartup bbrMode = iota
	bbrDrain
	bbrProbe
	bbrProbeRTT
)

const bbrHigh = 2.885

func newBBR(seed uint64) *tcpBBR {
	return &tcpBBR{rng: rand.New(rand.NewPCG(seed, 7)), cwnd: 10, gain: bbrHigh}
}

func (b *tcpBBR) bandwidth() float64 {
	most := 0.0
	for _, r := range b.rates {
		most = max(most, r)
	}
	return most
}

func (b *tcpBBR) bdp(gain float64) float64 { return gain * b.bandwidth() * b.minRTT.Seconds() }

func (b *tcpBBR) window() float64 {
	if b.mode == bbrProbeRTT {
		return 4
	}
	return b.cwnd
}

func (b *tcpBBR) pacing() float64 {
	if bw := b.bandwidth(); bw > 0 {
		return 0.99 * b.gain * bw
	}
	return 10 * bbrHigh / 0.05
}

func (b *tcpBBR) acked(a tcpAck) {
	if a.acked == 0 {
		b.before, b.cwnd = max(b.before, b.cwnd), 4
		return
	}
	if a.round {
		b.round++
	}
	if !a.limited || a.rate >= b.bandwidth() {
		for ; b.rated < b.round; b.rated++ { // rates grow old only as new ones come
			b.rates[(b.rated+1)%len(b.rates)] = 0
		}
		b.rates[b.round%len(b.rates)] = max(b.rates[b.round%len(b.rates)], a.rate)
	}
	b.cycle(a)
	b.filled(a)
	b.probeRTT(a)
	b.setWindow(a)
}

// cycle goes through the gains of PROBE_BW.
func (b *tcpBBR) cycle(a tcpAck) {
	if b.mode != bbrProbe {
		return
	}
	long := a.now-b.phaseAt > b.minRTT
	switch {
	case b.gain > 1:
		long = long && (a.lost > 0 || float64(a.flight) >= b.bdp(b.gain))
	case b.gain < 1:
		long = long || float64(a.flight) <= b.bdp(1)
	}
	if long {
		b.phase, b.phaseAt = (b.phase+1)%8, a.now
	}
	b.gain = [8]float64{1.25, 0.75, 1, 1, 1, 1, 1, 1}[b.phase]
}

// filled ends STARTUP and DRAIN.
func (b *tcpBBR) filled(a tcpAck) {
	if b.mode == bbrStartup && a.round && !a.limited {
		if bw := b.bandwidth(); bw >= 1.25*b.full {
			b.full, b.fullRounds = bw, 0
		} else if b.fullRounds++; b.fullRounds >= 3 {
			b.mode, b.gain = bbrDrain, 1/bbrHigh
		}
	}
	if b.mode == bbrDrain && float64(a.flight) <= b.bdp(1) {
		b.enterProbe(a.now)
	}
}

func (b *tcpBBR) enterProbe(now time.Duration) {
	b.mode, b.phaseAt = bbrProbe, now
	b.phase = (8 - b.rng.IntN(7)) % 8 // any but 0.75
	b.gain = [8]float64{1.25, 0.75, 1, 1, 1, 1, 1, 1}[b.phase]
}

// probeRTT keeps the smallest round trip of 10 s, and empties the pipe to see it anew.
func (b *tcpBBR) probeRTT(a tcpAck) {
	old := b.minRTT > 0 && a.now-b.minAt > 10*time.Second
	if b.minRTT == 0 || a.rtt <= b.minRTT || old {
		b.minRTT, b.minAt = a.rtt, a.now
	}
	if old && b.mode != bbrProbeRTT {
		b.mode, b.gain, b.before, b.probeEnd = bbrProbeRTT, 1, max(b.before, b.cwnd), 0
	}
	if b.mode != bbrProbeRTT {
		return
	}
	if b.probeEnd == 0 {
		if a.flight <= 4 {
			b.probeEnd = a.now + max(200*time.Millisecond, a.rtt)
		}
		return
	}
	if a.now >= b.probeEnd {
		b.minAt, b.cwnd = a.now, max(b.cwnd, b.before)
		if b.before = 0; b.fullRounds >= 3 {
			b.enterProbe(a.now)
		} else {
			b.mode, b.gain = bbrStartup, bbrHigh
		}
	}
}

func (b *tcpBBR) setWindow(a tcpAck) {
	gain := 2.0
	if b.mode == bbrStartup || b.mode == bbrDrain {
		gain = bbrHigh
	}
	target := b.bdp(gain) + 3*b.bandwidth()/1000
	switch {
	case a.lost > 0 && !a.recovering: // a round of packet conservation
		b.before, b.recovery = max(b.before, b.cwnd), 1
		b.cwnd = float64(a.flight + a.acked)
	case b.recovery > 0 && !a.recovering:
		b.cwnd, b.before, b.recovery = max(b.cwnd, b.before), 0, 0
	case b.recovery == 1:
		b.cwnd = max(b.cwnd-float64(a.lost), float64(a.flight+a.acked))
		if a.round {
			b.recovery = 2
		}
	}
	switch {
	case b.recovery == 1:
	case b.fullRounds >= 3:
		b.cwnd = min(b.cwnd+float64(a.acked), target)
	case b.cwnd < target || b.round < 3:
		b.cwnd += float64(a.acked)
	}
	b.cwnd = max(b.cwnd, 4)
}
