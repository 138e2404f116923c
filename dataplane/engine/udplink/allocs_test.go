package udplink_test

import (
	"runtime"
	"testing"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/udplink"
)

// TestNoAllocationPerPacket moves many packets between real sockets and counts what both ends allocate: what
// a session needs once, and nothing that grows with the packets.
func TestNoAllocationPerPacket(t *testing.T) {
	cfg := engine.Config{ID: 5, Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: 2e9}, MaxMemory: 16 << 20}
	server, client := pair(t, "127.0.0.1:0", cfg, udplink.Options{MaxDatagram: 1472})
	s, r := enginetest.Ends(t, cfg, client, server, enginetest.Nothing{}, enginetest.Nothing{}, 200e6)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if sent, received := enginetest.Run(t.Context(), s, r); sent != nil || received != nil {
		t.Fatal(sent, received)
	}
	runtime.ReadMemStats(&after)
	packets := s.Stats().Packets
	per := float64(after.Mallocs-before.Mallocs) / float64(packets)
	t.Logf("%d allocations for %d packets", after.Mallocs-before.Mallocs, packets)
	if packets < 130_000 || per > 0.05 {
		t.Errorf("%.3f allocations for each of %d packets", per, packets)
	}
}
