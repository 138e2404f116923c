package udplink

import (
	"math"
	"testing"
	"time"

	"faspex.io/operator/dataplane/wire"
)

// TestDispersion sends trains over a link of 300 Mbit/s to a machine that is away for a while, or merges what arrives.
func TestDispersion(t *testing.T) {
	const rate, overhead, count = 300e6, 28, 96
	each := float64(wire.MinDatagram+overhead) * 8 / rate * 1e6 // microseconds
	type window struct{ from, to float64 }                      // of the train, in which the machine is away
	tests := []struct {
		name        string
		away        []window
		merged      int                // datagrams that share a time stamp
		lost        func(seq int) bool // elsewhere
		least, most float64            // of the rate
	}{
		{name: "quiet", merged: 1, least: 0.9, most: 1},
		{name: "away at the start", away: []window{{0, 0.4}}, merged: 1, least: 0.9, most: 1.02},
		{name: "away in the middle", away: []window{{0.3, 0.6}}, merged: 1, least: 0.9, most: 1.02},
		{name: "away at the end", away: []window{{0.6, 1}}, merged: 1, least: 0.9, most: 1.02},
		{name: "away now and then", away: []window{{0, 0.2}, {0.3, 0.45}, {0.8, 0.9}}, merged: 1, least: 0.9, most: 1.02},
		{name: "merged by 20", merged: 20, least: 0.9, most: 1.02},
		{name: "merged by 52", merged: 52, least: 0.9, most: 1.2},
		{name: "a tenth lost elsewhere", merged: 1, lost: func(seq int) bool { return seq%10 == 5 }, least: 0.85, most: 1.02},
	}
	for _, tt := range tests {
		d := dispersion{overhead: overhead}
		for seq := range count {
			if tt.lost != nil && tt.lost(seq) {
				continue
			}
			at := float64(min((seq/tt.merged+1)*tt.merged, count)) * each // a time stamp is that of the last one merged
			for _, w := range tt.away {
				if at >= w.from*count*each && at < w.to*count*each {
					at = w.to * count * each
				}
			}
			d.add(uint64(time.Hour.Microseconds())+uint64(at), uint16(seq))
		}
		if got := float64(d.bps(leastProbes)) / rate; math.IsNaN(got) || got < tt.least || got > tt.most {
			t.Errorf("%s: %.3f of the rate, want %.2f to %.2f", tt.name, got, tt.least, tt.most)
		}
	}
}

func TestDispersionOfFew(t *testing.T) {
	var d dispersion
	if got := d.bps(1); got != 0 {
		t.Errorf("nothing arrived, %d bit/s measured", got)
	}
	for seq := range uint16(leastProbes) {
		d.add(5, seq)
	}
	if got := d.bps(leastProbes); got < 1e8 {
		t.Errorf("all arrived at once, %d bit/s measured", got)
	}
	if got := d.bps(leastProbes + 1); got != 0 {
		t.Errorf("too few arrived, %d bit/s measured", got)
	}
}

// TestMeasured says after which trains there is another one.
func TestMeasured(t *testing.T) {
	few, most := make([]arrival, 10), make([]arrival, probeCount)
	for _, tt := range []struct {
		name     string
		arrivals []arrival
		up, down int64
		trains   int
		want     bool
	}{
		{"both directions alike", most, 300e6, 280e6, 1, true},
		{"directions differ", most, 16e6, 280e6, 1, false},
		{"directions differ again", most, 20e6, 280e6, 2, true},
		{"a full buffer took most of it", few, 100e6, 100e6, 2, false},
		{"as ever", few, 100e6, 100e6, mostTrains, true},
		{"nothing measured", most, 0, 100e6, 2, false},
	} {
		a := answers{down: dispersion{arrivals: tt.arrivals}, upBps: tt.up, downBps: tt.down, trains: tt.trains}
		if got := a.measured(); got != tt.want {
			t.Errorf("%s: measured %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestLikely(t *testing.T) {
	for _, tt := range []struct{ own, other, want int64 }{
		{280, 265, 280}, {265, 280, 280}, // alike
		{400, 280, 280}, {280, 400, 280}, // the faster one is a reader that was away
		{1000, 50, 1000}, {50, 1000, 50}, // an asymmetric line
		{5e9, 1e9, 1e9}, {300, 0, 300}, {0, 300, 0},
	} {
		if got := likely(tt.own, tt.other); got != tt.want {
			t.Errorf("%d with %d the other way: %d, want %d", tt.own, tt.other, got, tt.want)
		}
	}
}
