package main

import (
	"encoding/binary"
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRateAndQueue checks the serialisation times and the drop-tail limit.
func TestRateAndQueue(t *testing.T) {
	s := defaultSpec()
	s.Set("rate=12mbit,delay=10ms,queue=15000b")
	l, feed, _ := pair(t, s, false)
	for range 20 { // 1500-byte packets, 1 ms each
		unix.Write(feed, train(true, 0, make([]byte, 1472), 0))
	}
	l.ingest(1, 1, 100)
	if l.c.DropQueue != 10 || l.fn != 10 {
		t.Fatalf("dropped %d, queued %d", l.c.DropQueue, l.fn)
	}
	for i := range l.fn {
		if want := int64(1) + int64(i+1)*1e6 + 10e6; l.peek(i).due != want {
			t.Fatalf("packet %d due %d, want %d", i, l.peek(i).due, want)
		}
	}
}

func TestSeveredLinkDeliversNothing(t *testing.T) {
	l, feed, _ := pair(t, defaultSpec(), false)
	for _, severed := range []bool{false, true, false} {
		l.severed.Store(severed)
		unix.Write(feed, train(true, 0, make([]byte, 100), 0))
		l.ingest(1, 1, 100)
	}
	if l.fn != 2 || l.c.DropLoss != 1 {
		t.Fatalf("%d of 3 packets are on their way, %d were lost", l.fn, l.c.DropLoss)
	}
}

func TestLossModels(t *testing.T) {
	for _, c := range []struct{ spec string }{{"loss=0.1%"}, {"loss=5%"}, {"ge=0.5%/20%/100%/0"}, {"ge=1%/10%/50%/0.1%"}} {
		s := defaultSpec()
		if err := s.Set(c.spec); err != nil {
			t.Fatal(err)
		}
		want := s.Loss
		if s.GE != nil {
			want = s.GE.MeanLoss()
		}
		l := newLink("x", -1, -1, s, 7, 0, false, 1<<20)
		n, lost, bursts := 2_000_000, 0, 0
		prev := false
		for range n {
			x := l.lost()
			if x {
				lost++
				if !prev {
					bursts++
				}
			}
			prev = x
		}
		f := float64(lost) / float64(n)
		if math.Abs(f-want) > 0.06*want+1e-4 {
			t.Errorf("%s: loss %.5f, want %.5f", c.spec, f, want)
		}
		t.Logf("%s: loss %.4f%% (want %.4f%%), mean burst %.2f", c.spec, 100*f, 100*want, float64(lost)/float64(bursts))
	}
}

func TestReorderDup(t *testing.T) {
	s := defaultSpec()
	s.Set("reorder=10%,reorderdelay=3ms,dup=5%,delay=1ms")
	l, feed, out := pair(t, s, true)
	buf := make([]byte, 1<<17)
	seen := map[uint32]int{}
	order, n := 0, 4000
	prev := -1
	now := int64(0)
	for i := range n + 100 {
		now += 100_000
		if i < n {
			p := make([]byte, 100)
			binary.BigEndian.PutUint32(p, uint32(i))
			unix.Write(feed, train(true, 0, p, 0))
		}
		l.ingest(now, now, 10)
		l.release(now)
		for {
			k, err := unix.Read(out, buf)
			if err != nil {
				break
			}
			for _, w := range segments(t, buf[:k]) {
				x := int(binary.BigEndian.Uint32(w.payload))
				seen[uint32(x)]++
				if x < prev {
					order++
				}
				prev = x
			}
		}
	}
	dups := 0
	for _, v := range seen {
		dups += v - 1
	}
	if len(seen) != n || dups != int(l.c.Dup) || order == 0 || l.c.Dup == 0 {
		t.Fatalf("%d of %d packets, %d dups (%d), %d out of order", len(seen), n, dups, l.c.Dup, order)
	}
	t.Logf("%d out of order, %d dups, %d held back", order, dups, l.c.Reordered)
}

func BenchmarkForwardTrain(b *testing.B) { // model cost without I/O
	s := defaultSpec()
	s.Set("rate=10gbit,delay=1ms,loss=1%,queue=1s")
	l := newLink("x", -1, -1, s, 7, 0, true, 64<<20)
	f := train(false, 1, make([]byte, 44*1448), 1448)
	b.SetBytes(int64(len(f)))
	now := int64(0)
	for b.Loop() {
		now += 52_000
		copy(l.reserve(), f)
		st := l.tail
		l.tail += len(f)
		l.handle(f, st, now)
		for l.fn > 0 && l.peek(0).due <= now {
			l.fh = (l.fh + 1) & (len(l.fifo) - 1)
			l.fn--
			if l.fn > 0 {
				l.head = int(l.peek(0).start)
			}
		}
	}
}
