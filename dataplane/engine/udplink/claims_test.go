package udplink_test

import (
	"math"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/wire"
)

// TestClaimsAreHeldToPolicy has a client claim capacities and round trips that can't be.
func TestClaimsAreHeldToPolicy(t *testing.T) {
	const ceiling = 5e9 // a train of hellos measures no more
	fair, fixed := engine.Rate{Policy: engine.PolicyFair}, engine.Rate{Policy: engine.PolicyFixed, TargetBps: 50e6}
	capped := engine.Rate{Policy: engine.PolicyFair, CapBps: 40e6}
	both := engine.Rate{Policy: engine.PolicyHigh, CapBps: 60e6, TargetBps: 30e6}
	tests := []struct {
		name           string
		rate           engine.Rate
		bps, rtt       uint64
		least, most    int64 // of the capacity
		beyond         int64 // at most
		longestWaiting time.Duration
	}{
		{"nothing", fair, 0, 0, 0, 0, 0, 2 * time.Second},
		{"less than the limit", capped, 10e6, 100, 10e6, 10e6, 0, 2 * time.Second},
		{"a little more than the limit", capped, 50e6, 100, 40e6, 40e6, 10e6, 2 * time.Second},
		{"more than the cap", capped, 1e9, 100, 40e6, 40e6, 40e6, 2 * time.Second},
		{"more than target and cap", both, 1e9, 100, 30e6, 30e6, 15e6, 2 * time.Second},
		{"more than a fixed rate", fixed, 1e9, 100, 50e6, 50e6, 0, 2 * time.Second},
		{"no limit", fair, 1 << 40, 100, 1e9, ceiling, 0, 2 * time.Second},
		{"2^63", fair, 1 << 63, 1 << 63, 1e9, ceiling, 0, 2 * time.Second},
		{"2^63 and a limit", capped, 1 << 63, 1<<63 + 1, 40e6, 40e6, 40e6, 2 * time.Second},
		{"all bits", fair, math.MaxUint64, math.MaxUint64, 1e9, ceiling, 0, 2 * time.Second},
		{"all bits and a limit", fixed, math.MaxUint64, math.MaxUint64, 50e6, 50e6, 0, 2 * time.Second},
		{"a minute", fair, 0, 60e6, 0, 0, 0, 2 * time.Second},
	}
	for i, tt := range tests {
		for _, waits := range []time.Duration{0, time.Second, 4 * time.Second} {
			clock := newMovableClock()
			cfg := engine.Config{ID: engine.SessionID(i + 1), Secret: [32]byte{9}, Rate: tt.rate, Clock: clock}
			e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
			own := hostileClient(t, cfg, e).place("127.0.0.1:0")
			token := own.hello()
			clock.forward(waits)
			own.send(wire.Link{Kind: wire.LinkReady, Token: token, Size: wire.MinDatagram, DownBps: tt.bps, RTTMicro: tt.rtt}, 0)
			own.next(wire.LinkReadyAck)
			path, ok := isReady(t, link)
			if !ok || path.CapacityBps < tt.least || path.CapacityBps > tt.most ||
				path.BeyondBps < 0 || path.BeyondBps > tt.beyond {
				t.Errorf("%s: path %+v", tt.name, path)
			}
			if path.RTT < 0 || path.RTT > tt.longestWaiting || path.RTT > waits+time.Second {
				t.Errorf("%s: round trip %v after %v", tt.name, path.RTT, waits)
			}
			e.Close()
		}
	}
}

// TestReadyKeepsItsFirstClaims has a client say ready again.
func TestReadyKeepsItsFirstClaims(t *testing.T) {
	cfg := engine.Config{ID: 1, Secret: [32]byte{9}}
	e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	serve(t, link)
	own := hostileClient(t, cfg, e).place("127.0.0.1:0")
	own.begin(wire.Link{DownBps: 1e6})
	own.send(wire.Link{Kind: wire.LinkReady, Token: own.hello(), Size: 8000, DownBps: 1e12}, 0)
	own.next(wire.LinkReadyAck)
	if path, ok := isReady(t, link); !ok || path.CapacityBps != 1e6 || path.MaxDatagram != wire.MinDatagram {
		t.Errorf("path %+v", path)
	}
}
