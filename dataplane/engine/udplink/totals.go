package udplink

import "faspex.io/operator/dataplane/engine"

// Totals are properties of an endpoint's sessions: how many there are now, and what was counted for them and for those
// before.
type Totals struct {
	Sessions     int    // announced or running
	GSO, GRO     int    // of these, how many have trains cross the kernel in one piece: leaving, arriving
	Stray        uint64 // datagrams of no session
	GSOFallbacks uint64
	MergeFaults  uint64
	ReceiveDrops uint64 // of the sessions' own sockets and queues
	AuthFailures uint64 // forged or damaged link packets
	Rebinds      uint64
	Withheld     uint64 // not sent, because an address had not proved itself lately
}

func (t *Totals) add(st engine.LinkStats) {
	t.GSOFallbacks += st.GSOFallbacks
	t.MergeFaults += st.MergeFaults
	t.ReceiveDrops += st.ReceiveDrops
	t.AuthFailures += st.AuthFailures
	t.Rebinds += st.Rebinds
	t.Withheld += st.Withheld
}

// Totals is a snapshot; safe at any time.
func (e *Endpoint) Totals() Totals {
	e.mu.RLock()
	defer e.mu.RUnlock()
	t := e.past
	t.Stray, t.Sessions = e.stray.Load(), len(e.links)
	for _, l := range e.links {
		st := l.counted()
		t.add(st)
		if st.GSO {
			t.GSO++
		}
		if st.GRO {
			t.GRO++
		}
	}
	return t
}

// counted is what belongs to the session alone: while it has no socket of its own, nothing of the socket.
func (l *serverLink) counted() engine.LinkStats {
	st := l.Stats()
	if l.own.Load() == nil {
		st.GSOFallbacks, st.ReceiveDrops = 0, l.drops.Load()
	}
	return st
}
