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

// TestSizeNoLongerCrosses lets the path lose all that is larger than 1400 bytes, a second after the start.
func TestSizeNoLongerCrosses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, a, b := quietLink()
		start := time.Now()
		largest := 0 // of the last 100 packets or so that crossed
		a.SetFilter(func(d []byte) []byte {
			if len(d) > 1400 && time.Since(start) > 300*time.Millisecond {
				return nil
			}
			largest = max(len(d), largest-1)
			return d
		})
		sink := &enginetest.Counting{}
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, b, enginetest.Source{}, sink, 40e6)
		if sent, received := enginetest.Run(t.Context(), s, r); sent != nil || received != nil {
			t.Fatalf("sender: %v, receiver: %v", sent, received)
		}
		if sink.Bytes.Load() != 40e6 || sink.Wrong.Load() != 0 {
			t.Errorf("%d bytes arrived, %d samples are wrong", sink.Bytes.Load(), sink.Wrong.Load())
		}
		if largest < 1300 || largest > 1400 {
			t.Errorf("packets of %d bytes were sent in the end, want the largest that cross", largest)
		}
	})
}

// trainLoser is a link whose kernel sends no train that anybody could receive.
type trainLoser struct {
	*simnet.Link
	singly atomic.Bool
}

func (l *trainLoser) Send(train []byte, size int) error {
	if len(train) > size && !l.singly.Load() {
		return nil
	}
	return l.Link.Send(train, size)
}

func (l *trainLoser) StopTrains() { l.singly.Store(true) }

func TestTrainsGetLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, a, b := quietLink()
		link := &trainLoser{Link: a}
		sink := enginetest.NewSpace(4 << 20)
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, link, b, enginetest.Source{}, sink, 4<<20)
		if sent, received := enginetest.Run(t.Context(), s, r); sent != nil || received != nil {
			t.Fatalf("sender: %v, receiver: %v", sent, received)
		}
		sink.Check(t, engine.Range{Length: 4 << 20})
		if !link.singly.Load() {
			t.Error("trains are still sent in one piece")
		}
	})
}
