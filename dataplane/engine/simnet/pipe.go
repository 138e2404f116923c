// Package simnet is a simulated network for the engine: links with delay, jitter, loss, bursts,
// reordering, duplication, a rate and a drop-tail queue, shared by any number of flows. It lives by the
// time package, so under testing/synctest minutes of link time take seconds, and by a seeded source of
// randomness, so a run can be repeated. It refuses to know what the datagrams hold.
package simnet

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Settings describe one direction of a path. Zero is no limit, no delay and no fault.
type Settings struct {
	RateBps      int64         // of the bottleneck, counted on IP bytes
	Queue        time.Duration // what the drop-tail queue holds, as time at RateBps; 0 is 50 ms
	Delay        time.Duration // one way
	Jitter       time.Duration // added, uniform within [0, Jitter), order kept
	Loss         float64       // independent, after the bottleneck
	Reorder      float64       // share of packets held back by ReorderDelay
	ReorderDelay time.Duration
	Duplicate    float64

	// Gilbert-Elliott bursts: probability to enter and to leave the bad state, in which every packet is lost.
	BurstEnter, BurstLeave float64

	// Stalls freeze the bottleneck, like a machine or a radio that is away: on average one starts every
	// StallEvery and lasts up to StallFor.
	StallEvery, StallFor time.Duration

	// Tick is the granularity of arrival, like interrupt moderation; 0 is 200 us.
	Tick time.Duration
}

const defaultTick = 200 * time.Microsecond

// Pipe is one direction of a path: what is sent into it shares its bottleneck.
type Pipe struct {
	mu    sync.Mutex
	set   Settings
	rng   *rand.Rand
	busy  time.Time // when the bottleneck has sent everything it holds
	floor time.Time // no packet overtakes this arrival unless it is meant to
	bad   bool
	down  bool

	nextStall, frozen time.Time

	stats PipeStats
	sum   time.Duration
}

// PipeStats are counters of a pipe.
type PipeStats struct {
	Packets, Bytes   int64 // entered the bottleneck
	QueueDrops, Lost int64
	MeanQueue        time.Duration
	MaxQueue         time.Duration
}

// NewPipe makes a pipe whose faults follow from seed.
func NewPipe(set Settings, seed uint64) *Pipe {
	return &Pipe{set: set, rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// Change replaces the settings from now on.
func (p *Pipe) Change(set Settings) {
	p.mu.Lock()
	p.set = set
	p.mu.Unlock()
}

// Cut loses everything while down is true.
func (p *Pipe) Cut(down bool) {
	p.mu.Lock()
	p.down = down
	p.mu.Unlock()
}

// Stats is a snapshot.
func (p *Pipe) Stats() PipeStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.stats
	if st.Packets > 0 {
		st.MeanQueue = p.sum / time.Duration(st.Packets)
	}
	return st
}

// Transmit says when a datagram of size IP bytes arrives (no time: it is lost), and when its duplicate does.
func (p *Pipe) Transmit(size int) (arrival, duplicate time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	leave := now
	if p.set.RateBps > 0 {
		queue := p.set.Queue
		if queue == 0 {
			queue = 50 * time.Millisecond
		}
		if p.set.StallEvery > 0 {
			if p.nextStall.IsZero() {
				p.nextStall = now.Add(p.exponential(p.set.StallEvery))
			}
			if !now.Before(p.nextStall) {
				p.nextStall = now.Add(p.exponential(p.set.StallEvery))
				stall := time.Duration(p.rng.Int64N(int64(p.set.StallFor)))
				if p.busy.Before(now) {
					p.busy = now
				}
				p.busy = p.busy.Add(stall)
				p.frozen = now.Add(stall)
			}
			if now.Before(p.frozen) {
				queue += p.frozen.Sub(now) // the emulator's input waits elsewhere
			}
		}
		wait := max(p.busy.Sub(now), 0)
		if wait > queue {
			p.stats.QueueDrops++
			return
		}
		p.sum += wait
		p.stats.MaxQueue = max(p.stats.MaxQueue, wait)
		leave = now.Add(wait + time.Duration(int64(size)*8*int64(time.Second)/p.set.RateBps))
		p.busy = leave
	}
	p.stats.Packets++
	p.stats.Bytes += int64(size)
	if p.lost() {
		p.stats.Lost++
		return
	}
	arrival = leave.Add(p.set.Delay)
	if p.set.Jitter > 0 {
		arrival = arrival.Add(time.Duration(p.rng.Int64N(int64(p.set.Jitter))))
	}
	if arrival.Before(p.floor) {
		arrival = p.floor
	}
	p.floor = arrival
	if p.set.Reorder > 0 && p.rng.Float64() < p.set.Reorder {
		arrival = arrival.Add(p.set.ReorderDelay)
	}
	if p.set.Duplicate > 0 && p.rng.Float64() < p.set.Duplicate {
		duplicate = arrival
	}
	return arrival, duplicate
}

func (p *Pipe) exponential(mean time.Duration) time.Duration {
	return time.Duration(p.rng.ExpFloat64() * float64(mean))
}

func (p *Pipe) lost() bool {
	if p.down {
		return true
	}
	if p.set.BurstEnter > 0 {
		if p.bad {
			p.bad = p.rng.Float64() >= p.set.BurstLeave
		} else {
			p.bad = p.rng.Float64() < p.set.BurstEnter
		}
		if p.bad {
			return true
		}
	}
	return p.set.Loss > 0 && p.rng.Float64() < p.set.Loss
}

func (p *Pipe) tick() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set.Tick > 0 {
		return p.set.Tick
	}
	return defaultTick
}
