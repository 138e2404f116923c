package ratecontrol

import (
	"math"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// path is a fluid model of a bottleneck: what a controller sends fills a queue that drains at capacity.
type path struct {
	capacity float64       // bits per second
	delay    time.Duration // round trip without queue
	most     time.Duration // of queue
	extra    time.Duration // delay the path takes on
	others   float64       // bits per second that others send whatever is lost
	queue    float64       // seconds
	sent     float64       // bits
	arrived  float64
	lost     float64 // packets not yet reported
	got      float64 // likewise
	now      time.Duration
	reports  []report
}

type report struct {
	at     time.Duration
	sample Sample
}

// run drives a controller for a time in steps of a millisecond with a report every 10.
func (p *path) run(c *Controller, d time.Duration) {
	for end := p.now + d; p.now < end; p.now += ms {
		bits := float64(c.RateAt(p.now)) * ms.Seconds()
		p.sent += bits
		c.Sent(p.now, int64(p.sent/8))
		all := bits + p.others*ms.Seconds()
		p.queue += all / p.capacity
		p.queue -= min(ms.Seconds(), p.queue)
		through := bits
		if over := p.queue - p.most.Seconds(); over > 0 {
			p.queue -= over
			through -= bits * over * p.capacity / all
			p.lost += (bits - through) / packetBits
		}
		p.got += through / packetBits
		p.arrived += through
		if p.now%c.reports().Truncate(ms) == 0 {
			one := p.delay/2 + p.extra + time.Duration(p.queue*1e9)
			lost, got := math.Floor(p.lost), math.Floor(p.got)
			p.lost, p.got = p.lost-lost, p.got-got
			p.reports = append(p.reports, report{p.now + p.delay + p.extra + time.Duration(p.queue*1e9), Sample{
				RTT: p.delay + p.extra + time.Duration(p.queue*1e9), HasDelay: true,
				Delay24: uint32(one.Microseconds()) & (1<<24 - 1),
				SentAt:  p.now, DeliveredBytes: int64(p.arrived / 8), Arrival: p.now +
					one, Lost: int(lost), Arrived: int(got), Backlogged: true}})
		}
		for len(p.reports) > 0 && p.reports[0].at <= p.now {
			s := p.reports[0].sample
			s.Now = p.now
			p.reports = p.reports[1:]
			c.Feedback(s)
		}
	}
}

func start(l Limits, p *path, capacity float64) *Controller {
	c := New(l)
	c.Start(p.now, p.delay, int64(capacity), p.now)
	return c
}

func TestSettlesOnTheWantedQueue(t *testing.T) {
	tests := []struct {
		policy Policy
		rtt    time.Duration
		queue  time.Duration
	}{
		{Fair, 5 * ms, 5 * ms}, {Fair, 100 * ms, 5 * ms}, {Fair, 300 * ms, 5 * ms},
		{High, 50 * ms, 10 * ms}, {Low, 50 * ms, 2500 * time.Microsecond},
	}
	for _, tt := range tests {
		p := &path{capacity: 300e6, delay: tt.rtt, most: 100 * ms}
		c := start(Limits{Policy: tt.policy}, p, 300e6)
		p.run(c, 6*time.Second)
		var queues []time.Duration
		for range 21 { // now and then the queue is emptied
			p.run(c, 50*ms)
			queues = append(queues, time.Duration(p.queue*1e9))
		}
		slices.Sort(queues)
		if got := queues[len(queues)/2]; got < tt.queue*6/10 || got > tt.queue*18/10 {
			t.Errorf("%s at %v: queue %v, want about %v", tt.policy, tt.rtt, got, tt.queue)
		}
		if r := float64(c.Rate()); r < 280e6 || r > 320e6 {
			t.Errorf("%s at %v: rate %.1f Mbit/s, want 300", tt.policy, tt.rtt, r/1e6)
		}
	}
}

// TestLongerPath has the path become longer without a queue: the flow must not take it for one for good.
func TestLongerPath(t *testing.T) {
	p := &path{capacity: 100e6, delay: 20 * ms, most: 100 * ms}
	c := start(Limits{Policy: Fair}, p, 100e6)
	p.run(c, 4*time.Second)
	p.extra = 8 * ms
	p.run(c, 6*time.Second)
	if r := float64(c.Rate()); r < 90e6 {
		t.Errorf("rate %.1f Mbit/s after the path became longer, want about 100", r/1e6)
	}
}

// TestFullQueue begins while others keep the queue full: all of the loss looks like the path's, and the rate must not
// follow what is lost.
func TestFullQueue(t *testing.T) {
	for _, others := range []float64{1, 2, 5} {
		p := &path{capacity: 100e6, delay: 20 * ms, most: 50 * ms, queue: 0.05}
		p.others = others * p.capacity
		c := start(Limits{Policy: Fair}, p, p.capacity)
		for range 30 {
			p.run(c, time.Second)
			if r := float64(c.Rate()); r > 1.5*p.capacity {
				t.Fatalf("rate %.0f Mbit/s at %v beside %.0f times the capacity", r/1e6, p.now, others)
			}
		}
	}
}

// TestOthersLeaveTheQueue begins while others keep the queue full, who leave: then this flow has to notice that what it
// took for an empty queue was none.
func TestOthersLeaveTheQueue(t *testing.T) {
	for _, policy := range []Policy{Fair, High} {
		p := &path{capacity: 300e6, delay: 50 * ms, most: 50 * ms, queue: 0.05, others: 300e6}
		c := start(Limits{Policy: policy}, p, p.capacity)
		p.run(c, time.Second)
		p.others = 0.03 * p.capacity
		p.run(c, 6*time.Second)
		before := p.arrived
		p.run(c, 2*time.Second)
		if q := time.Duration(p.queue * 1e9); q > 20*ms {
			t.Errorf("%s: queue %v after others have left", policy, q)
		}
		if r := (p.arrived - before) / 2; r < 0.9*p.capacity {
			t.Errorf("%s: %.0f Mbit/s arrive, want about 290", policy, r/1e6)
		}
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		name   string
		limits Limits
		sink   int64
		want   int64
	}{
		{"fixed", Limits{Policy: Fixed, TargetBps: 70e6}, 0, 70e6},
		{"fixed and cap", Limits{Policy: Fixed, TargetBps: 70e6, CapBps: 50e6}, 0, 50e6},
		{"target", Limits{Policy: Fair, TargetBps: 20e6}, 0, 20e6},
		{"cap", Limits{Policy: High, CapBps: 10e6}, 0, 10e6},
		{"minimum", Limits{Policy: Fair, MinBps: 200e6}, 0, 200e6},
		{"minimum above the cap", Limits{Policy: Fair, MinBps: 200e6, CapBps: 30e6}, 0, 30e6},
		{"receiver", Limits{Policy: Fixed, TargetBps: 70e6}, 5e6, 5e6},
	}
	for _, tt := range tests {
		c := New(tt.limits)
		c.Start(0, 10*ms, 100e6, 0)
		c.Feedback(Sample{Now: 10 * ms, LimitBps: tt.sink})
		if got := c.Rate(); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestBaseDelay(t *testing.T) {
	var b baseDelay
	steps := []struct {
		now  time.Duration
		in   int64
		want time.Duration
	}{
		{0, 5000, 0},
		{time.Second, 9000, 4 * ms},
		{2 * time.Second, 4000, 0},
		{16 * time.Second, 8000, 4 * ms}, // a half window has passed, the last one still counts
		{32 * time.Second, 8000, 0},      // the route is longer now
	}
	for _, s := range steps {
		if got := b.queue(s.now, s.in, baseWindow); got != s.want {
			t.Errorf("at %v: queue %v, want %v", s.now, got, s.want)
		}
	}
}

func TestHistory(t *testing.T) {
	var h history
	for i := range 10_000 {
		h.add(time.Duration(i)*ms, int64(i))
	}
	for _, tt := range []struct {
		at   time.Duration
		want int64
	}{{9999 * ms, 9999}, {8000*ms + ms/2, 8000}, {time.Hour, 9999}, {0, 5999}} {
		if got := h.until(tt.at); got != tt.want {
			t.Errorf("until %v: %d, want %d", tt.at, got, tt.want)
		}
	}
	if len(h.at) > 10_000 {
		t.Errorf("%d entries are kept", len(h.at))
	}
}
