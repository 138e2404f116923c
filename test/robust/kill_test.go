package robust

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestKilled kills one end at random moments and runs the command again, until the transfer is complete; then another
// transfer, until there were enough kills.
func TestKilled(t *testing.T) {
	t.Parallel()
	kills := 3
	if *soak {
		kills = 25
	}
	seed := uint64(0)
	for _, upload := range []bool{true, false} {
		for _, victim := range []string{"client", "node"} {
			seed++
			k := &killing{rng: rand.New(rand.NewPCG(seed, 2)), files: mixed(seed, 24<<20, 150), upload: upload,
				client: victim == "client"}
			t.Run(fmt.Sprintf("%s of the %s", direction(upload), victim), func(t *testing.T) {
				t.Parallel()
				for left := kills; left > 0; {
					left -= k.transfer(t, left)
				}
			})
		}
	}
}

// killing is a series of transfers with kills.
type killing struct {
	rng            *rand.Rand
	files          tree
	upload, client bool
}

// transfer moves all files, with at most kills kills before that, and returns how many there were.
func (k *killing) transfer(t *testing.T, kills int) (done int) {
	t.Helper()
	e := newErrand(t, k.files, k.upload, here, "127.0.0.1")
	r := newRelay(t, e.node)
	var o outcome
	for {
		c := e.run(t, ask{relay: r, flags: []string{"-l", "50M"}})
		if done < kills && k.kills(r, c, e.node) {
			done++
			k.files.right(t, e.to)
			if !k.client {
				c.wait(t)
				e.node = startNode(t, here, "127.0.0.1", e.dir)
				r.serve(t, e.node)
			}
			continue
		}
		o = c.wait(t)
		break
	}
	if o.status != 0 {
		t.Fatalf("the last run ends with status %d: %s", o.status, o.text)
	}
	k.files.complete(t, e.to)
	e.node.leaksNothing(t)
	size := k.files.size()
	if most := size + int64(done)*lostAtMost + size/20; r.payload.Load() > most {
		t.Errorf("%d bytes were sent for %d with %d kills, at most %d are allowed", r.payload.Load(), size, done, most)
	}
	t.Logf("%d kills: sent %.3f of the size, the last run resumed %.3f", done, float64(r.payload.Load())/float64(size),
		float64(o.resumed)/float64(size))
	return done
}

// kills kills the victim at a random moment: before anything was sent, or after some of the data. It reports
// whether ascp was still running then.
func (k *killing) kills(r *relay, c *client, n *node) bool {
	moment := make(<-chan struct{})
	var early <-chan time.Time
	if k.rng.IntN(5) == 0 {
		early = time.After(time.Duration(k.rng.IntN(300)) * time.Millisecond)
	} else {
		moment = r.after(int64(k.rng.IntN(20 << 20)))
	}
	select {
	case <-c.process.Done():
		return false
	case <-moment:
	case <-early:
	}
	if k.client {
		c.process.Kill()
	} else {
		n.process.Kill()
	}
	return true
}
