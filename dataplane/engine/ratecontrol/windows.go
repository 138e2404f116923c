package ratecontrol

import "time"

// minWindow is the minimum of the values added within a span of time.
type minWindow struct {
	at  []time.Duration
	val []time.Duration
}

// add notes a value and returns the smallest of the last span.
func (m *minWindow) add(now, v, span time.Duration) time.Duration {
	for len(m.val) > 0 && m.val[len(m.val)-1] >= v {
		m.at, m.val = m.at[:len(m.at)-1], m.val[:len(m.val)-1]
	}
	m.at, m.val = append(m.at, now), append(m.val, v)
	drop := 0
	for now-m.at[drop] > span {
		drop++
	}
	if drop > 0 {
		m.at = m.at[:copy(m.at, m.at[drop:])]
		m.val = m.val[:copy(m.val, m.val[drop:])]
	}
	return m.val[0]
}

// point is a report as the delivery window keeps it.
type point struct {
	arrival   time.Duration
	delivered int64
	lost, all int
}

// window measures delivery over a span of the receiver's clock.
type window struct {
	points    []point
	lost, all int
	delivered float64 // bits per second that arrived
	loss      float64 // share of the packets that did not
}

// add notes a report and returns the rate that passed the bottleneck, lost packets included; full
// says that the window is long enough for the figure to mean something.
func (w *window) add(s Sample, span time.Duration) (passed float64, full bool) {
	if n := len(w.points); n == 0 || s.Arrival > w.points[n-1].arrival {
		w.points = append(w.points, point{s.Arrival, s.DeliveredBytes, s.Lost, s.Lost + s.Arrived})
	} else {
		w.points[n-1].lost += s.Lost
		w.points[n-1].all += s.Lost + s.Arrived
	}
	w.lost += s.Lost
	w.all += s.Lost + s.Arrived
	last := len(w.points) - 1
	drop := 0
	for drop+1 < last && w.points[last].arrival-w.points[drop+1].arrival >= span {
		drop++
		w.lost -= w.points[drop].lost
		w.all -= w.points[drop].all
	}
	if drop > 0 {
		w.points = w.points[:copy(w.points, w.points[drop:])]
		last -= drop
	}
	took := w.points[last].arrival - w.points[0].arrival
	if took <= 0 {
		return 0, false
	}
	w.delivered = float64(w.points[last].delivered-w.points[0].delivered) * 8 / took.Seconds()
	w.loss = 0
	if w.all > 0 {
		w.loss = float64(w.lost) / float64(w.all)
	}
	return w.delivered / (1 - min(w.loss, 0.9)), took >= span*3/4
}

// lossFloor is the loss a path has without being full: the smallest of a slow window.
type lossFloor struct {
	set   bool
	start time.Duration
	value float64
	next  float64
}

const floorWindow = 10 * time.Second

func (f *lossFloor) add(now time.Duration, loss float64) {
	switch {
	case !f.set:
		f.set, f.start, f.value, f.next = true, now, loss, loss
	case now-f.start > floorWindow:
		f.start, f.value, f.next = now, f.next, loss
	default:
		f.value, f.next = min(f.value, loss), min(f.next, loss)
	}
}
