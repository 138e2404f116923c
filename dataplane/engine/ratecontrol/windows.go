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
	arrival         time.Duration
	delivered, sent int64
	sentAt          time.Duration // when the newest packet was sent
	gap             time.Duration // since the arrival before, as far as lost reports do not explain it
	lost, all       int
}

// window measures delivery over a span of the receiver's clock.
type window struct {
	points    []point
	lost, all int
	delivered float64 // bits per second that arrived
	sent      float64 // bits per second the same packets were sent at
	loss      float64 // share of the packets that did not
	stalled   bool    // nothing arrived for a while: the rates say little about the bottleneck
}

// add notes a report, with what had been sent when its newest packet was. A time without arrivals longer than stall is
// a machine or a radio that was away. It says whether the window is long enough for its figures to mean something.
func (w *window) add(s Sample, sent int64, span, stall time.Duration) (full bool) {
	if n := len(w.points); n == 0 || s.Arrival > w.points[n-1].arrival {
		p := point{arrival: s.Arrival, delivered: s.DeliveredBytes, sent: sent, sentAt: s.SentAt, lost: s.Lost, all: s.Lost +
			s.Arrived}
		if n > 0 {
			p.gap = s.pause(w.points[n-1].arrival)
		}
		w.points = append(w.points, p)
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
	w.stalled = false
	took := w.points[last].arrival - w.points[0].arrival
	if took <= 0 {
		return false
	}
	w.delivered = float64(w.points[last].delivered-w.points[0].delivered) * 8 / took.Seconds()
	for _, p := range w.points[1:] {
		w.stalled = w.stalled || p.gap > stall
	}
	sending := max(w.points[last].sentAt-w.points[0].sentAt, time.Millisecond)
	w.sent = float64(w.points[last].sent-w.points[0].sent) * 8 / sending.Seconds()
	w.loss = 0
	if w.all > 0 {
		w.loss = float64(w.lost) / float64(w.all)
	}
	return took >= span*3/4
}

// history remembers how much had been sent when, to say what a report is about.
type history struct {
	at   []time.Duration
	sent []int64
	head int
}

const (
	historyStep = time.Millisecond
	historySpan = 4 * time.Second
)

func (h *history) add(now time.Duration, sent int64) {
	if n := len(h.at); n > h.head && now-h.at[n-1] < historyStep {
		h.sent[n-1] = sent
		return
	}
	h.at, h.sent = append(h.at, now), append(h.sent, sent)
	for now-h.at[h.head] > historySpan {
		h.head++
	}
	if h.head > len(h.at)/2 && h.head > 1024 {
		h.at = h.at[:copy(h.at, h.at[h.head:])]
		h.sent = h.sent[:copy(h.sent, h.sent[h.head:])]
		h.head = 0
	}
}

// until is how much had been sent at a time.
func (h *history) until(t time.Duration) int64 {
	lo, hi := h.head, len(h.at)
	if lo == hi {
		return 0
	}
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if h.at[m] <= t {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return h.sent[max(lo-1, h.head)]
}
