package ratecontrol

import (
	"sync"
	"time"
)

// Group is a virtual link: flows that share a total rate by weight, whatever paths they take. What one cannot
// use goes to the others. It is safe for concurrent use.
type Group struct {
	mu      sync.Mutex
	total   float64
	members []*Member
}

// Member is one flow's part of a Group.
type Member struct {
	group  *Group
	weight float64
	wants  float64
	part   float64
	// dealt is when the flow last had the total dealt, by its own clock: flows have clocks that began at different times.
	dealt time.Duration
}

const (
	dealEvery = 20 * time.Millisecond
	headroom  = 1.25 // what a flow may want beyond what it uses, so that it can grow
)

// NewGroup makes a group that sends at most total bits per second; 0 is no limit.
func NewGroup(total int64) *Group { return &Group{total: float64(total)} }

// SetTotal changes the total.
func (g *Group) SetTotal(total int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total = float64(total)
	g.deal()
}

// Total is the total, 0 is no limit.
func (g *Group) Total() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(g.total)
}

// Flows is how many share the total.
func (g *Group) Flows() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.members)
}

// Join adds a flow; flows of weight 2 get twice the part of flows of weight 1.
func (g *Group) Join(weight float64) *Member {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := &Member{group: g, weight: weight, wants: mostRate}
	g.members = append(g.members, m)
	g.deal()
	return m
}

// SetWeight changes the flow's weight.
func (m *Member) SetWeight(weight float64) {
	m.group.mu.Lock()
	defer m.group.mu.Unlock()
	m.weight = weight
	m.group.deal()
}

// Leave gives the flow's part to the others.
func (m *Member) Leave() {
	g := m.group
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, o := range g.members {
		if o == m {
			g.members = append(g.members[:i], g.members[i+1:]...)
			break
		}
	}
	g.deal()
}

// Part is how many bits per second the flow may send, given what it would send without the group; 0 is
// no limit.
func (m *Member) Part(now time.Duration, wants int64) int64 {
	g := m.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.total == 0 {
		return 0
	}
	m.wants = headroom * float64(wants)
	if now-m.dealt >= dealEvery || m.dealt == 0 {
		m.dealt = now
		g.deal()
	}
	return int64(max(m.part, leastRate))
}

// deal divides the total: weighted max-min fairness by filling the smallest wants first (Bertsekas and
// Gallager, Data Networks, section 6.5.2).
func (g *Group) deal() {
	left, weights := g.total, 0.0
	for _, m := range g.members {
		m.part = 0
		weights += m.weight
	}
	for weights > 1e-9 {
		level, satisfied := left/weights, false
		for _, m := range g.members {
			if m.part == 0 && m.wants <= level*m.weight {
				m.part = max(m.wants, 1)
				left -= m.part
				weights -= m.weight
				satisfied = true
			}
		}
		if satisfied {
			continue
		}
		for _, m := range g.members {
			if m.part == 0 {
				m.part = level * m.weight
			}
		}
		return
	}
}
