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
	s.Set("ab", "rate=12mbit,delay=10ms,queue=15000b")
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

// TestPolicer has a policer pass its burst at once, then its rate, and delay nothing.
func TestPolicer(t *testing.T) {
	s := defaultSpec()
	if err := s.Set("ab", "policer=12mbit/15000,delay=10ms"); err != nil {
		t.Fatal(err)
	}
	l, feed, _ := pair(t, s, false)
	send := func(packets int, now int64) {
		for range packets {
			unix.Write(feed, train(true, 0, make([]byte, 1472), 0))
		}
		l.ingest(now, now, 100)
	}
	send(20, 1)
	if l.c.DropPolicer != 10 || l.fn != 10 {
		t.Fatalf("of a burst of 20 packets %d were dropped and %d pass, want 10 and 10", l.c.DropPolicer, l.fn)
	}
	send(20, 3e6+1) // it earned three packets
	if l.c.DropPolicer != 27 || l.fn != 13 {
		t.Fatalf("3 ms later %d were dropped and %d pass, want 27 and 13", l.c.DropPolicer, l.fn)
	}
	if got := l.peek(12).due; got != 13e6+1 {
		t.Errorf("the last is due at %d ns, want 13000001", got)
	}
}

// TestLateEmulatorSaysSo has packets leave later than their queue allows.
func TestLateEmulatorSaysSo(t *testing.T) {
	for _, c := range []struct {
		settings string
		late     int64 // us
		want     string
	}{
		{"rate=300mbit,queue=50ms", 2000, ""},
		{"rate=300mbit,queue=50ms", 3000, "the emulator was late: 4.1 ms for 1 % of the packets, at most 2.5 are allowed"},
		{"rate=300mbit,queue=3ms", 1000, ""},
		{"rate=300mbit,queue=3ms", 2000, "the emulator was late: 2.0 ms for 1 % of the packets, at most 1.5 are allowed"},
		{"rate=300mbit,queue=1ms", 500, ""},
		{"rate=300mbit,queue=37500", 1000, "the emulator was late: 1.0 ms for 1 % of the packets, at most 0.6 are allowed"},
		{"delay=1ms", 2000, ""},
	} {
		s := defaultSpec()
		if err := s.Set("ab", c.settings); err != nil {
			t.Fatal(err)
		}
		l, feed, _ := pair(t, s, false)
		unix.Write(feed, train(true, 0, make([]byte, 100), 0))
		l.ingest(1, 1, 100)
		l.release(l.peek(0).due + 1000*c.late)
		if got := l.snapshot().Worthless; got != c.want {
			t.Errorf("%s, %d us late: %q, want %q", c.settings, c.late, got, c.want)
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
		if err := s.Set("ab", c.spec); err != nil {
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
	s.Set("ab", "reorder=10%,reorderdelay=3ms,dup=5%,delay=1ms")
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
	s.Set("ab", "rate=10gbit,delay=1ms,loss=1%,queue=1s")
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
