package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
)

// slowSink takes a while for every write.
type slowSink struct {
	enginetest.Counting
	takes time.Duration
}

func (s *slowSink) WriteAt(p []byte, off int64) (int, error) {
	time.Sleep(s.takes)
	return s.Counting.WriteAt(p, off)
}

// A receiver that is stopped takes what is on its way.
func TestWhatIsOnItsWayArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := simnet.Settings{RateBps: 100e6, Delay: 200 * time.Millisecond}
		a, b := simnet.Connect(simnet.NewPipe(set, 1), simnet.NewPipe(set, 2), 1472, 100e6, 0)
		sink := &enginetest.Counting{}
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, b, enginetest.Source{}, sink, 100e6)
		ctx, cancel := context.WithCancel(t.Context())
		var before int64
		time.AfterFunc(3*time.Second, func() {
			before = r.Stats().BytesReceived
			cancel()
		})
		enginetest.Run(ctx, s, r)
		// 2.5 MB fit into 200 ms.
		if got := sink.Bytes.Load() - before; got < 2e6 || got > 2.5e6 || sink.Wrong.Load() > 0 {
			t.Errorf("%d bytes are written of what was on its way after %d, %d samples are wrong", got, before,
				sink.Wrong.Load())
		}
	})
}

// A receiver that is stopped writes what has arrived: nobody has to send it again. It does not
// stay for a disk that is stuck.
func TestWhatHasArrivedIsWritten(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration
		all   bool
		stays time.Duration // at most
	}{
		"slow":  {200 * time.Millisecond, true, 2 * time.Second},
		"stuck": {3 * time.Second, false, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, _, a, b := quietLink()
				sink := &slowSink{takes: tt.takes}
				s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, b, enginetest.Source{}, sink, 100e6)
				ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
				defer cancel()
				before := time.Now()
				_, received := enginetest.Run(ctx, s, r)
				if !errors.Is(received, context.DeadlineExceeded) {
					t.Errorf("the receiver ends with %v", received)
				}
				if stayed := time.Since(before) - 1500*time.Millisecond; stayed > tt.stays {
					t.Errorf("it stays for %v", stayed)
				}
				got := r.Stats().BytesReceived
				if written := sink.Bytes.Load(); got < 10e6 || (written == got) != tt.all || sink.Wrong.Load() > 0 {
					t.Errorf("%d of %d bytes are written, %d samples are wrong", written, got, sink.Wrong.Load())
				}
			})
		})
	}
}
