package engine_test

import (
	"runtime"
	"testing"

	"faspex.io/operator/dataplane/engine"
)

type nothing struct{}

func (nothing) ReadAt(p []byte, _ int64) (int, error)  { return len(p), nil }
func (nothing) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// TestNoAllocationPerPacket moves many packets between real sockets and counts what both ends allocate: what
// a session needs once, and nothing that grows with the packets.
func TestNoAllocationPerPacket(t *testing.T) {
	cfg := engine.Config{ID: 5, Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: 2e9}, MaxMemory: 16 << 20}
	server, client := pair(t, "127.0.0.1:0", cfg, engine.Options{MaxDatagram: 1472})
	s, r := ends(t, cfg, client, server, nothing{}, nothing{}, 200e6)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if sent, received := run(t.Context(), s, r); sent != nil || received != nil {
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
