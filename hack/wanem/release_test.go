package main

import (
	"bytes"
	"math"
	"math/rand/v2" // losses are to be repeatable, not secret
	"testing"

	"golang.org/x/sys/unix"
)

// TestTrainLoss checks that, whatever is lost, every surviving wire packet is
// exactly one of the packets that was sent, in order, with the right TCP sequence
// number and flags.
func TestTrainLoss(t *testing.T) {
	for _, udp := range []bool{false, true} {
		for _, merge := range []bool{true, false} {
			s := defaultSpec()
			s.Loss = 0.2
			l, feed, out := pair(t, s, merge)
			rng := rand.New(rand.NewPCG(1, 2))
			var frames [][]byte
			want := map[uint32][]byte{}
			seq, sent := uint32(5000), 0
			for range 300 {
				pay := make([]byte, 1+rng.IntN(60000))
				for i := range pay {
					pay[i] = byte(rng.Uint32())
				}
				frames = append(frames, train(udp, seq, pay, 1448))
				for i := 0; i < len(pay); i += 1448 {
					k := seq + uint32(i)
					if udp {
						k = uint32(sent)
					}
					want[k] = pay[i:min(i+1448, len(pay))]
					sent++
				}
				seq += uint32(len(pay))
			}
			got, writes := through(t, l, feed, out, frames)
			next := 0
			for _, w := range got {
				if udp { // no sequence number: find it in order
					for !bytes.Equal(want[uint32(next)], w.payload) {
						if next++; next > sent {
							t.Fatal("unknown packet")
						}
					}
					next++
					continue
				}
				if !bytes.Equal(want[w.seq], w.payload) {
					t.Fatalf("seq %d: wrong payload", w.seq)
				}
			}
			if int(l.c.InPkts) != sent || len(got)+int(l.c.DropLoss) != sent || int(l.c.OutPkts) != len(got) {
				t.Fatalf("sent %d got %d counters %+v", sent, len(got), l.c)
			}
			if f := float64(l.c.DropLoss) / float64(sent); math.Abs(f-0.2) > 0.02 {
				t.Fatalf("loss %.3f", f)
			}
			t.Logf("udp=%v merge=%v: %d packets, %d delivered in %d writes", udp, merge, sent, len(got), writes)
		}
	}
}

// TestMerge checks that single packets of a flow leave as one super-packet.
func TestMerge(t *testing.T) {
	for _, udp := range []bool{false, true} {
		s := defaultSpec()
		l, feed, out := pair(t, s, true)
		seq := uint32(1)
		for i := range 40 {
			f := train(udp, seq, bytes.Repeat([]byte{byte(i)}, 1400), 0)
			if !udp {
				f[vnetLen+33] = 0x10 // no PSH: may be merged
			}
			unix.Write(feed, f)
			seq += 1400
		}
		l.ingest(1, 1, 100)
		l.release(math.MaxInt64 / 2)
		buf := make([]byte, 1<<17)
		n, err := unix.Read(out, buf)
		if err != nil {
			t.Fatal(err)
		}
		got := segments(t, buf[:n])
		if len(got) != 40 || l.c.OutWrites != 1 {
			t.Fatalf("%d packets in the first of %d writes", len(got), l.c.OutWrites)
		}
		for i, w := range got {
			if len(w.payload) != 1400 || w.payload[0] != byte(i) || !udp && w.seq != 1+uint32(i)*1400 {
				t.Fatalf("packet %d: %d bytes of %d, seq %d", i, len(w.payload), w.payload[0], w.seq)
			}
		}
	}
}
