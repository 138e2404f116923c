package simnet

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
)

// overhead is what IPv4 and UDP cost.
const overhead = 28

// Clock is the bubble's clock for the engine.
type Clock struct {
	start time.Time
	Ahead time.Duration // of the others' wall clocks
}

// NewClock starts a clock now.
func NewClock() Clock { return Clock{start: time.Now()} }

// Now is the time since the start.
func (c Clock) Now() time.Duration { return time.Since(c.start) }

// Wall is the bubble's time of day, plus Ahead.
func (c Clock) Wall() time.Duration { return time.Duration(time.Now().UnixNano()) + c.Ahead }

// Sleep pauses the goroutine.
func (c Clock) Sleep(d time.Duration) { time.Sleep(d) }

// Filter may change, drop (nil) or keep a datagram on its way; tests forge and damage with it.
type Filter func(datagram []byte) []byte

// Link is one end of a simulated path; it implements engine.Link.
type Link struct {
	peer   *Link
	out    *Pipe
	path   engine.Path
	filter Filter

	mu      sync.Mutex
	arrived arrivals
	seq     uint64
	closed  bool
	wake    chan struct{}
	pool    [][]byte
}

// Connect makes the two ends of a path: what a sends goes through ab, what b sends through ba. The
// capacity of the path is what a handshake would measure (0 = unknown).
func Connect(ab, ba *Pipe, datagram int, capacityAB, capacityBA int64) (a, b *Link) {
	rtt := ab.set.Delay + ba.set.Delay
	a = &Link{out: ab, wake: make(chan struct{}, 1),
		path: engine.Path{MaxDatagram: datagram, RTT: rtt, CapacityBps: capacityAB, Overhead: overhead, RemoteAddr: "b"}}
	b = &Link{out: ba, wake: make(chan struct{}, 1),
		path: engine.Path{MaxDatagram: datagram, RTT: rtt, CapacityBps: capacityBA, Overhead: overhead, RemoteAddr: "a"}}
	a.peer, b.peer = b, a
	return a, b
}

// SetFilter has f see every datagram this end sends.
func (l *Link) SetFilter(f Filter) { l.filter = f }

// Ready implements engine.Link.
func (l *Link) Ready(context.Context) (engine.Path, error) { return l.path, nil }

// Send implements engine.Link.
func (l *Link) Send(train []byte, size int) error {
	for len(train) > 0 {
		d := train[:min(size, len(train))]
		train = train[len(d):]
		if l.filter != nil {
			if d = l.filter(d); d == nil {
				continue
			}
		}
		at, again := l.out.Transmit(len(d) + overhead)
		if !at.IsZero() {
			l.peer.deliver(d, at, l.out.tick())
		}
		if !again.IsZero() {
			l.peer.deliver(d, again, l.out.tick())
		}
	}
	return nil
}

// Inject delivers a datagram to this end at once.
func (l *Link) Inject(d []byte) { l.deliver(d, time.Now(), time.Microsecond) }

func (l *Link) deliver(d []byte, at time.Time, tick time.Duration) {
	at = at.Add(tick - 1).Truncate(tick)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	var buf []byte
	if n := len(l.pool); n > 0 {
		buf, l.pool = l.pool[n-1], l.pool[:n-1]
	}
	l.seq++
	earliest := len(l.arrived) == 0 || at.Before(l.arrived[0].at)
	heap.Push(&l.arrived, packet{at: at, seq: l.seq, data: append(buf[:0], d...)})
	if earliest {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// Receive implements engine.Link.
func (l *Link) Receive(buf []byte, timeout time.Duration) (n, size int, err error) {
	end := time.Now().Add(timeout)
	for {
		l.mu.Lock()
		if l.closed {
			l.mu.Unlock()
			return 0, 0, engine.ErrClosed
		}
		now := time.Now()
		for len(l.arrived) > 0 && !l.arrived[0].at.After(now) {
			d := l.arrived[0].data
			if size > 0 && (len(d) > size || n+len(d) > len(buf)) {
				break
			}
			if size == 0 {
				size = len(d)
			}
			n += copy(buf[n:], d)
			l.pool = append(l.pool, heap.Pop(&l.arrived).(packet).data)
			if len(d) < size {
				break
			}
		}
		next := end
		if len(l.arrived) > 0 && l.arrived[0].at.Before(end) {
			next = l.arrived[0].at
		}
		l.mu.Unlock()
		if n > 0 || !now.Before(end) {
			return n, size, nil
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-timer.C:
		case <-l.wake:
			timer.Stop()
		}
	}
}

// Stats implements engine.Link.
func (l *Link) Stats() engine.LinkStats { return engine.LinkStats{} }

// Close implements engine.Link.
func (l *Link) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

type packet struct {
	at   time.Time
	seq  uint64
	data []byte
}

type arrivals []packet

func (a arrivals) Len() int { return len(a) }
func (a arrivals) Less(i, j int) bool {
	if !a[i].at.Equal(a[j].at) {
		return a[i].at.Before(a[j].at)
	}
	return a[i].seq < a[j].seq
}
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)   { *a = append(*a, x.(packet)) }
func (a *arrivals) Pop() any {
	old := *a
	p := old[len(old)-1]
	*a = old[:len(old)-1]
	return p
}
