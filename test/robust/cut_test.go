package robust

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

// emulated makes two places with an emulated link between them.
func emulated(t *testing.T, settings string, special ...string) *testbed.Pair {
	t.Helper()
	pair, err := testbed.WAN(context.Background(), filepath.Join(programs, "wanem"), folder(t), settings, 1, special...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := pair.Close(); err != nil {
			t.Error(err)
		}
	})
	return pair
}

// TestLinkIsCut cuts everything between client and node, without a word to either, for less than the session's patience and
// for more. After a short cut the session goes on; a long one ends it, and a new one resumes.
func TestLinkIsCut(t *testing.T) {
	t.Parallel()
	cuts := []struct {
		name     string
		silence  time.Duration
		survives bool
	}{
		{"shortly", 6 * time.Second, true},
		{"for good", 0, false},
	}
	if *soak {
		cuts = append(cuts, []struct {
			name     string
			silence  time.Duration
			survives bool
		}{{"for 12 s", 12 * time.Second, true}, {"for 30 s", 30 * time.Second, false}}...)
	}
	for _, cut := range cuts {
		for _, upload := range []bool{true, false} {
			t.Run(map[bool]string{true: "upload ", false: "download "}[upload]+cut.name, func(t *testing.T) {
				t.Parallel()
				dir := folder(t)
				from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
				files := mixed(41, 16<<20, 100)
				files.write(t, from)
				tree{}.write(t, to)
				pair := emulated(t, "rate=40mbit,rtt=40ms")
				n := startNode(t, pair.B, pair.Address, dir)
				a := ask{at: pair.A}
				run := func() *client {
					if upload {
						return n.send(t, a, from, "/to")
					}
					return n.receive(t, a, "/from", to)
				}
				c := run()
				c.hasMoved(t, 6<<20)
				pair.Cut(true)
				if cut.silence > 0 {
					mend := time.AfterFunc(cut.silence, func() { pair.Cut(false) })
					defer mend.Stop()
				}
				o := c.wait(t)
				pair.Cut(false)
				if cut.survives != (o.status == 0) {
					t.Errorf("ascp ends with status %d: %s", o.status, o.text)
				}
				if !cut.survives {
					if !strings.Contains(o.text, "run again to resume") {
						t.Errorf("ascp says %q", o.text)
					}
					files.right(t, to)
					again := run().succeeds(t)
					if most := files.size() - o.moved + 4*chunk; again.moved > most {
						t.Errorf("%d bytes were moved, then %d of %d: at most %d are allowed", o.moved, again.moved, files.size(), most)
					}
				}
				files.complete(t, to)
				n.leaksNothing(t)
			})
		}
	}
}
