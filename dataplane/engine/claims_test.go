package engine_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
	"faspex.io/operator/dataplane/wire"
)

// TestReceiverHoldsClaimedRoundTrip has a sender claim round trips that can't be and leave without a word: a receiver
// that has everything does not stay for as many of them.
func TestReceiverHoldsClaimedRoundTrip(t *testing.T) {
	for _, claim := range []uint64{60e6, 1 << 63, math.MaxUint64} {
		synctest.Test(t, func(t *testing.T) {
			_, _, a, b := quietLink()
			cfg := engine.Config{ID: 7, Clock: simnet.NewClock()}
			r, err := engine.NewReceiver(cfg, b, &enginetest.Counting{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Expect(engine.Range{Length: 1000}); err != nil {
				t.Fatal(err)
			}
			r.CloseExpect()
			keys, err := wire.NewKeys(cfg.Secret, uint64(cfg.ID), "aes-128-gcm", wire.DirData)
			if err != nil {
				t.Fatal(err)
			}
			send := func(kind wire.Type, body []byte, pn uint64) {
				h := make([]byte, wire.HeaderSize(kind), 2048)
				wire.PutPrefix(h, kind, cfg.ID.ConnID(), pn)
				p, err := keys.Seal(h, body, pn)
				if err != nil {
					t.Fatal(err)
				}
				if err := a.Send(p, len(p)); err != nil {
					t.Fatal(err)
				}
			}
			data := make([]byte, 1000)
			enginetest.Pattern(data, 0)
			send(wire.TypeData, data, 0)
			sync := wire.Sync{Closed: true, Total: 1000, RTTMicros: claim}
			send(wire.TypeSync, sync.Append(nil), 1)
			before := time.Now()
			if err := r.Run(t.Context()); err != nil {
				t.Errorf("claim of %d: %v", claim, err)
			}
			if stayed := time.Since(before); stayed > 40*time.Second {
				t.Errorf("claim of %d: the receiver stays for %v", claim, stayed)
			}
		})
	}
}
