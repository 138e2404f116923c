package robust

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// TestCrowd runs many sessions of one node at a time, in both directions and of all sizes,
// and kills some of the clients.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const sessions = 20
	dir := folder(t)
	n := startNode(t, here, "127.0.0.1", dir)
	rng := rand.New(rand.NewPCG(31, 4))
	type one struct {
		files tree
		run   func() *client
		to    string
		kill  bool
		relay *relay
	}
	var all []*one
	for i := range sessions {
		from, to := filepath.Join(dir, fmt.Sprintf("from%02d", i)), filepath.Join(dir, fmt.Sprintf("to%02d", i))
		s := &one{files: mixed(uint64(1000*i), rng.IntN(3<<20), rng.IntN(60)), to: to, kill: i%4 == 3, relay: newRelay(t, n)}
		s.files.write(t, from)
		a := ask{relay: s.relay, flags: []string{"-l", "40M"}}
		s.run = func() *client { return n.send(t, a, from, "/"+filepath.Base(to)) }
		if i%2 == 0 {
			s.run = func() *client { return n.receive(t, a, "/"+filepath.Base(from), to) }
		}
		all = append(all, s)
	}
	clients := make([]*client, sessions)
	var moments [sessions]<-chan struct{}
	for i, s := range all {
		moments[i] = s.relay.after(rng.Int64N(s.files.size()))
		clients[i] = s.run()
	}
	for i, s := range all {
		if !s.kill {
			clients[i].succeeds(t)
			s.files.complete(t, s.to)
			continue
		}
		select {
		case <-moments[i]:
		case <-clients[i].process.Done():
		}
		clients[i].process.Kill()
		s.files.right(t, s.to)
	}
	for i, s := range all {
		if s.kill {
			clients[i] = s.run()
		}
	}
	for i, s := range all {
		if s.kill {
			clients[i].succeeds(t)
			s.files.complete(t, s.to)
		}
	}
	n.leaksNothing(t)
}
