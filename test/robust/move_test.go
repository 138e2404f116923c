package robust

import (
	"path/filepath"
	"testing"
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
			for _, addr := range moves {
				c.reaches(t, underway)
				underway = a.relay.after(6 << 20)
				a.relay.move(t, addr)
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
