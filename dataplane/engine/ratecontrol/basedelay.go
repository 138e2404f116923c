package ratecontrol

import "time"

// baseWindow is half of the time a smallest delay is remembered for: long enough to meet an empty
// queue now and then, short enough to follow a clock that drifts by 50 ppm (0.75 ms).
const baseWindow = 15 * time.Second

// baseLong is that time beside others who leave no queue empty.
const baseLong = time.Minute

// baseDelay turns one-way delays between unsynchronised clocks into queueing delays: it remembers
// the smallest delay of the current and of the last half window (LEDBAT, RFC 6817 section 3.4.2).
type baseDelay struct {
	set           bool
	start         time.Duration
	current, last int64 // microseconds
}

// queue takes a delay in microseconds on any constant offset and returns what it exceeds the base by. Half of the time
// for which a smallest delay counts is window.
func (b *baseDelay) queue(now time.Duration, delay int64, window time.Duration) time.Duration {
	switch {
	case !b.set:
		b.set, b.start, b.current, b.last = true, now, delay, delay
	case now-b.start > window:
		b.start, b.last, b.current = now, b.current, delay
	case delay < b.current:
		b.current = delay
	}
	return time.Duration(delay-b.least()) * time.Microsecond
}

// least is the base, in microseconds on the same offset.
func (b *baseDelay) least() int64 { return min(b.current, b.last) }

// fell says by how much the base is below what it was.
func (b *baseDelay) fell(from int64) time.Duration {
	return time.Duration(from-b.least()) * time.Microsecond
}

// raise says that the path alone takes q longer than was thought.
func (b *baseDelay) raise(q time.Duration) {
	b.current = b.least() + q.Microseconds()
	b.last = b.current
}
