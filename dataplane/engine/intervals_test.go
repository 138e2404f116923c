package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"faspex.io/operator/dataplane/wire"
	"github.com/google/go-cmp/cmp"
)

// TestIntervals compares the set with a plain array of bits.
func TestIntervals(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 200
	for range 200 {
		var v intervals
		var bits [n]bool
		for range 60 {
			lo := rng.Int64N(n)
			hi := lo + rng.Int64N(min(20, n-lo)+1)
			var overlap int64
			all := true
			for i := lo; i < hi; i++ {
				if bits[i] {
					overlap++
				} else {
					all = false
				}
			}
			if got := v.overlap(lo, hi); got != overlap {
				t.Fatalf("overlap(%d, %d) = %d, want %d", lo, hi, got, overlap)
			}
			if got := v.contains(lo, hi); hi > lo && got != all {
				t.Fatalf("contains(%d, %d) = %v", lo, hi, got)
			}
			var missing int64
			for _, m := range v.missing(nil, lo, hi) {
				for i := m.lo; i < m.hi; i++ {
					if bits[i] {
						t.Fatalf("%d is not missing", i)
					}
				}
				missing += m.hi - m.lo
			}
			if missing != hi-lo-overlap {
				t.Fatalf("missing(%d, %d) has %d bytes, want %d", lo, hi, missing, hi-lo-overlap)
			}
			v.add(lo, hi)
			var total int64
			for i := range bits {
				bits[i] = bits[i] || int64(i) >= lo && int64(i) < hi
				if bits[i] {
					total++
				}
			}
			if v.total != total {
				t.Fatalf("total %d, want %d", v.total, total)
			}
			for i := 1; i < len(v.s); i++ {
				if v.s[i].lo <= v.s[i-1].hi {
					t.Fatalf("spans touch: %v", v.s)
				}
			}
		}
	}
}

func TestArrivals(t *testing.T) {
	const ms = time.Millisecond
	a := arrivals{wait: ms, maxWait: 20 * ms}
	arrive := func(now time.Duration, pns ...uint64) {
		t.Helper()
		for _, pn := range pns {
			if !a.fresh(pn) {
				t.Fatalf("%d is not fresh", pn)
			}
			a.arrived(pn, now)
		}
	}
	report := func(now time.Duration, from, to uint64, gaps ...wire.Gap) {
		t.Helper()
		var f wire.Feedback
		if _, more := a.report(&f, 0, now); more {
			t.Fatal("more to report")
		}
		if f.From != from || f.To != to || cmp.Diff(f.Gaps, gaps) != "" && len(f.Gaps)+len(gaps) > 0 {
			t.Fatalf("report [%d, %d) %v, want [%d, %d) %v", f.From, f.To, f.Gaps, from, to, gaps)
		}
	}
	arrive(0, 0, 1, 2, 5, 6, 10)
	report(0, 0, 3) // 3 and 4 may be late
	report(ms, 0, 11, wire.Gap{First: 3, Count: 2}, wire.Gap{First: 7, Count: 3})
	if a.fresh(5) {
		t.Error("5 may be replayed")
	}
	arrive(3*ms, 8) // splits a gap, and was called lost too early
	if a.wait <= ms {
		t.Errorf("wait is still %v", a.wait)
	}
	a.refused(12, 4*ms)
	report(40*ms, 0, 13, wire.Gap{First: 3, Count: 2}, wire.Gap{First: 7, Count: 1}, wire.Gap{First: 9, Count: 1},
		wire.Gap{First: 11, Count: 2})
	a.settle(8)
	report(40*ms, 8, 13, wire.Gap{First: 9, Count: 1}, wire.Gap{First: 11, Count: 2})
	if a.fresh(7) || a.fresh(3) {
		t.Error("settled numbers may come again")
	}
	a.settle(100) // more than was sent: a broken peer
	report(40*ms, 8, 13, wire.Gap{First: 9, Count: 1}, wire.Gap{First: 11, Count: 2})
}

// What is missing beyond the bound is lost, and no reason to take nothing any more: what
// forgets gaps comes in packets too.
func TestArrivalsBeyondTheBound(t *testing.T) {
	var a arrivals
	pn := uint64(0)
	for ; len(a.gaps) < maxGaps; pn += 2 {
		a.arrived(pn, 0)
	}
	for range 1000 { // every second packet is lost, the others are a sync among them
		pn += 2
		if !a.fresh(pn) {
			t.Fatalf("%d is not taken", pn)
		}
		a.arrived(pn, 0)
	}
	if len(a.gaps) > maxGaps+1 {
		t.Errorf("%d gaps are remembered", len(a.gaps))
	}
	if to, n := a.judged(time.Second); to != pn+1 || n != len(a.gaps) {
		t.Errorf("%d gaps below %d can be told, want %d below %d", n, to, len(a.gaps), pn+1)
	}
	a.settle(pn + 1)
	a.arrived(pn+1, 0)
	if len(a.gaps) != 0 || a.missing != 0 || a.fresh(pn+1) {
		t.Errorf("%d gaps, %d missing", len(a.gaps), a.missing)
	}
}

// Packets in a row that are not taken are one gap: a sender may be early by a second, and by tens of thousands of them.
func TestRefusedPacketsAreOneGap(t *testing.T) {
	var a arrivals
	for pn := range uint64(100_000) {
		a.refused(pn, 0)
	}
	if len(a.gaps) != 1 || a.missing != 100_000 {
		t.Errorf("%d gaps, %d missing", len(a.gaps), a.missing)
	}
	a.arrived(7, 0)
	if len(a.gaps) != 2 || a.fresh(7) || !a.fresh(8) {
		t.Errorf("%d gaps", len(a.gaps))
	}
}

// TestReportSlices has more gaps than a report holds.
func TestReportSlices(t *testing.T) {
	var a arrivals
	for pn := uint64(0); pn < 10_000; pn += 2 {
		a.arrived(pn, 0)
	}
	var f wire.Feedback
	told, next := 0, uint64(0)
	for i, more := 0, true; more; {
		i, more = a.report(&f, i, time.Second)
		if f.From != next {
			t.Fatalf("report begins at %d, want %d", f.From, next)
		}
		if n := len(f.Append(nil)); n > wire.MinDatagram-wire.PrefixSize-wire.TagSize {
			t.Fatalf("report of %d bytes", n)
		}
		told += len(f.Gaps)
		next = f.To
	}
	if told != 4999 || next != 9999 {
		t.Errorf("told %d gaps up to %d", told, next)
	}
}

func TestTwins(t *testing.T) {
	tests := []struct {
		name   string
		events []int // n: packet n arrived; -n: lost
		again  int   // how often the bytes are queued
	}{
		{"both arrive", []int{1, 2}, 0},
		{"first lost", []int{-1, 2}, 0},
		{"second lost", []int{1, -2}, 0},
		{"both lost", []int{-1, -2}, 1},
		{"both lost, other order", []int{-2, -1}, 1},
	}
	for _, tt := range tests {
		w := twins{}
		w.pair(1, 2)
		again := 0
		for _, e := range tt.events {
			if e > 0 {
				w.arrived(uint64(e))
			} else if w.lost(uint64(-e)) {
				again++
			}
		}
		if again != tt.again || len(w) != 0 {
			t.Errorf("%s: sent again %d times, want %d; %v left", tt.name, again, tt.again, w)
		}
	}
}

func TestInflight(t *testing.T) {
	f := newInflight(5000)
	for i := range 4000 {
		f.push(extent{off: int64(i), n: 1})
	}
	for pn := uint64(0); pn < 4000; pn++ {
		if pn == 2500 {
			continue
		}
		if e, ok := f.settle(pn); !ok || e.off != int64(pn) {
			t.Fatalf("packet %d carried %+v, %v", pn, e, ok)
		}
	}
	f.advance()
	if f.base != 2500 || f.bytes != 1 || f.full() {
		t.Errorf("base %d, %d bytes", f.base, f.bytes)
	}
	if _, ok := f.settle(7); ok {
		t.Error("a fate was told twice")
	}
}
