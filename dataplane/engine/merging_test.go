package engine_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
)

// mergingLink is a link whose kernel merges arriving datagrams, and damages some.
type mergingLink struct {
	*simnet.Link
	damage func(train []byte, size int, merged bool)

	off, merged bool
	switched    int
	fails       atomic.Int64
}

func (l *mergingLink) Receive(buf []byte, timeout time.Duration) (int, int, error) {
	n, size, err := l.Link.Receive(buf, timeout)
	l.merged = !l.off && n > size
	if n > 0 {
		l.damage(buf[:n], size, l.merged)
	}
	return n, size, err
}

func (l *mergingLink) Merged() (merged, fromPeer bool) { return l.merged, true }

func (l *mergingLink) SetMerging(on bool) error {
	l.off = !on
	l.switched++
	return nil
}

func (l *mergingLink) MergingFails() { l.fails.Add(1) }

// TestWrongMerging has the kernel damage the last datagram of merged trains, and then also those that come alone.
func TestWrongMerging(t *testing.T) {
	last := func(train []byte, size int) { train[len(train)-1-(len(train)-1)%size/2] ^= 1 }
	trains := 0
	tests := []struct {
		name   string
		damage func(train []byte, size int, merged bool)
		off    bool // merging is off at the end
		fails  int64
	}{
		{"none", func([]byte, int, bool) {}, false, 0},
		{"merged", func(b []byte, size int, merged bool) {
			if merged {
				last(b, size)
			}
		}, true, 1},
		{"all", func(b []byte, size int, _ bool) {
			if trains++; trains%4 == 0 {
				last(b, size)
			}
		}, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, _, a, b := quietLink()
				link := &mergingLink{Link: b, damage: tt.damage}
				sink := enginetest.NewSpace(8 << 20)
				s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, link, enginetest.Source{}, sink,
					8<<20)
				if sent, received := enginetest.Run(t.Context(), s, r); sent != nil || received != nil {
					t.Fatalf("sender: %v, receiver: %v", sent, received)
				}
				sink.Check(t, engine.Range{Length: 8 << 20})
				if link.off != tt.off || link.fails.Load() != tt.fails {
					t.Errorf("merging off: %v, given up %d times, switched %d times", link.off, link.fails.Load(), link.switched)
				}
			})
		})
	}
}
