package robust

import (
	"context"
	"path/filepath"
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

// TestLinkIsCut cuts everything between client and node, without a word to either, for less than the session's patience
// and for more. After a short cut the session goes on; a long one ends it, and a new one resumes.
func TestLinkIsCut(t *testing.T) {
	t.Parallel()
	type cut struct {
		name     string
		silence  time.Duration
		survives bool
	}
	cuts := []cut{{"shortly", 6 * time.Second, true}, {"for good", 0, false}}
	if *soak {
		cuts = append(cuts, cut{"for 12 s", 12 * time.Second, true}, cut{"for 30 s", 30 * time.Second, false})
	}
	for _, cut := range cuts {
		for _, upload := range []bool{true, false} {
			t.Run(direction(upload)+" "+cut.name, func(t *testing.T) {
				t.Parallel()
				pair := emulated(t, "rate=40mbit,rtt=40ms")
				e := newErrand(t, mixed(41, 16<<20, 100), upload, pair.B, pair.Address)
				a := ask{at: pair.A}
				c := e.run(t, a)
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
					e.resumes(t, a, o)
				}
				e.files.complete(t, e.to)
				e.node.leaksNothing(t)
			})
		}
	}
}
