package robust

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMoved gives the client other ports and other addresses while it transfers, as home routers and providers do. The control
// channel stays where it is.
func TestMoved(t *testing.T) {
	t.Parallel()
	for _, upload := range []bool{true, false} {
		t.Run(map[bool]string{true: "upload", false: "download"}[upload], func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
			files := mixed(21, 32<<20, 100)
			files.write(t, from)
			tree{}.write(t, to)
			n := startNode(t, here, "127.0.0.1", dir)
			a := ask{relay: newRelay(t, n), flags: []string{"-l", "100M"}}
			start := func() *client {
				if upload {
					return n.send(t, a, from, "/to")
				}
				return n.receive(t, a, "/from", to)
			}
			underway := a.relay.after(4 << 20)
			c := start()
			moves := []string{"127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"}
			for i, addr := range moves {
				c.reaches(t, underway)
				underway = a.relay.after(6 << 20)
				a.relay.move(t, addr)
				for n.moves() <= i && !c.process.Ended() {
					time.Sleep(10 * time.Millisecond)
				}
			}
			c.succeeds(t)
			files.complete(t, to)
			n.ended(t, 1)
			n.leaksNothing(t)
			if n.moves() < len(moves) {
				t.Errorf("the node followed %d of %d moves", n.moves(), len(moves))
			}
		})
	}
}

// TestAddressChanges takes the address that a client began with from its machine and gives it another one. Its control channel
// can't follow, which ends the session; a new one resumes. Nobody tells the node, which gives the connection up a minute later.
func TestAddressChanges(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	files := mixed(22, 24<<20, 100)
	files.write(t, from)
	tree{}.write(t, to)
	pair := emulated(t, "rate=40mbit,rtt=20ms")
	n := startNode(t, pair.B, pair.Address, dir)
	a := ask{at: pair.A, flags: []string{"-l", "20M"}}
	c := n.send(t, a, from, "/to")
	c.hasMoved(t, 4<<20)
	tool(t, pair.A, "ip", "address", "add", "10.99.0.3/24", "dev", pair.Device)
	tool(t, pair.A, "ip", "address", "delete", "10.99.0.1/24", "dev", pair.Device)
	// The second address was a secondary one, which goes with the first unless the kernel promotes it.
	tool(t, pair.A, "ip", "address", "replace", "10.99.0.3/24", "dev", pair.Device)
	o := c.wait(t)
	files.right(t, to)
	moved := int64(0)
	if o.status != 0 {
		if !strings.Contains(o.text, "run again to resume") {
			t.Errorf("ascp says %q", o.text)
		}
		moved = o.moved
		again := n.send(t, a, from, "/to").succeeds(t)
		if most := files.size() - moved + 4*chunk; again.moved > most {
			t.Errorf("%d bytes were moved, then %d of %d: at most %d are allowed", moved, again.moved, files.size(), most)
		}
	}
	if n.moves() == 0 {
		t.Error("the node never followed the client")
	}
	files.complete(t, to)
	if *soak {
		n.leaksNothing(t)
	}
	t.Logf("the session ended with status %d (%s) after %d of %d bytes", o.status, o.text, o.moved, files.size())
}
