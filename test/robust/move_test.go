package robust

import (
	"testing"
	"time"
)

// TestMoved gives the client other ports and other addresses while it transfers, as home routers and providers do. The
// control channel stays where it is.
func TestMoved(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, upload bool) {
		e := newErrand(t, mixed(21, 32<<20, 100), upload, here, "127.0.0.1")
		n := e.node
		a := ask{relay: newRelay(t, n), flags: []string{"-l", "100M"}}
		underway := a.relay.hold(4 << 20)
		c := e.run(t, a)
		moves := []string{"127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"}
		for i, addr := range moves {
			c.reaches(t, underway)
			a.relay.move(t, addr)
			for n.moves() <= i && !c.process.Ended() {
				time.Sleep(10 * time.Millisecond)
			}
			underway = a.relay.hold(6 << 20)
		}
		a.relay.meddleWith(nil)
		c.succeeds(t)
		e.files.complete(t, e.to)
		n.endsSession(t)
		n.leaksNothing(t)
		if n.moves() < len(moves) {
			t.Errorf("the node followed %d of %d moves", n.moves(), len(moves))
		}
	})
}

// TestAddressChanges takes the address that a client began with from its machine and gives it another one. Its
// control channel can't follow, which ends the session; a new one resumes. Nobody tells the node, which gives
// the connection up a minute later.
func TestAddressChanges(t *testing.T) {
	t.Parallel()
	pair := emulated(t, "rate=40mbit,rtt=20ms")
	e := newErrand(t, mixed(22, 24<<20, 100), true, pair.B, pair.Address)
	a := ask{at: pair.A, flags: []string{"-l", "20M"}}
	c := e.run(t, a)
	c.hasMoved(t, 4<<20)
	tool(t, pair.A, "ip", "address", "add", "10.99.0.3/24", "dev", pair.Device)
	tool(t, pair.A, "ip", "address", "delete", "10.99.0.1/24", "dev", pair.Device)
	// The second address was a secondary one, which goes with the first unless the kernel promotes it.
	tool(t, pair.A, "ip", "address", "replace", "10.99.0.3/24", "dev", pair.Device)
	o := c.wait(t)
	if o.status != 0 {
		e.resumes(t, a, o)
	}
	if e.node.moves() == 0 {
		t.Error("the node never followed the client")
	}
	e.files.complete(t, e.to)
	if *soak {
		e.node.leaksNothing(t)
	}
	t.Logf("the session ended with status %d (%s) after %d of %d bytes", o.status, o.text, o.moved, e.files.size())
}
