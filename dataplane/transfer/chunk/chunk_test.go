package chunk

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rangesOf makes a Set of offsets and lengths.
func rangesOf(numbers ...int64) Set {
	var s Set
	for i := 0; i < len(numbers); i += 2 {
		s = append(s, Range{Offset: numbers[i], Length: numbers[i+1]})
	}
	return s
}

func TestSetOfRanges(t *testing.T) {
	var s Set
	for _, step := range []struct {
		off, n, fresh int64
		want          Set
	}{
		{10, 5, 5, rangesOf(10, 5)},
		{20, 5, 5, rangesOf(10, 5, 20, 5)},
		{15, 5, 5, rangesOf(10, 15)},
		{12, 3, 0, rangesOf(10, 15)},
		{0, 5, 5, rangesOf(0, 5, 10, 15)},
		{3, 30, 13, rangesOf(0, 33)},
		{40, 0, 0, rangesOf(0, 33)},
	} {
		if got := s.Add(step.off, step.n); got != step.fresh {
			t.Errorf("add %d+%d: %d bytes are new, want %d", step.off, step.n, got, step.fresh)
		}
		if diff := cmp.Diff(step.want, s); diff != "" {
			t.Errorf("after %d+%d (-want +got):\n%s", step.off, step.n, diff)
		}
	}
	s = rangesOf(5, 5, 20, 5)
	if diff := cmp.Diff(rangesOf(0, 5, 10, 10, 25, 5), s.Missing(30)); diff != "" {
		t.Error(diff)
	}
	if !s.Covers(6, 4) || s.Covers(6, 5) || s.Prefix() != 0 || s.Total() != 10 {
		t.Errorf("covers, prefix or total of %v", s)
	}
}

func TestSampleHasBothEnds(t *testing.T) {
	if diff := cmp.Diff([]int64{0, 33, 66, 99}, Sample(All(100<<20), 4)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{0, 1}, Sample(All(2<<20), 4)); diff != "" {
		t.Error(diff)
	}
}

func TestRangeChunksAreThoseItHasAPartOf(t *testing.T) {
	for _, c := range []struct {
		r    Range
		want []int64
	}{
		{Range{0, 1}, []int64{0}},
		{Range{Size - 1, 2}, []int64{0, 1}},
		{Range{Size, 2 * Size}, []int64{1, 2}},
		{Range{3 * Size, 0}, nil},
	} {
		if diff := cmp.Diff(c.want, slices.Collect(c.r.Chunks())); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.r, diff)
		}
	}
}

// content of three chunks, the last of which is short, and the second of which is zeros.
func content() []byte {
	b := make([]byte, 2*Size+5)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		if i/Size != 1 {
			b[i] = byte(random.Uint32())
		}
	}
	return b
}

func hashesOf(t *testing.T, b []byte) Hashes {
	t.Helper()
	size := int64(len(b))
	h := NewHashes(size)
	buf := TakeBuffer()
	defer buf.GiveBack()
	for _, i := range All(size) {
		sum, err := HashAt(bytes.NewReader(b), At(i, size), buf)
		if err != nil {
			t.Fatal(err)
		}
		h.Set(i, sum)
	}
	return h
}

func TestPassingHashesWhatHashAtReads(t *testing.T) {
	b := content()
	size, want := int64(len(b)), hashesOf(t, b)
	for name, steps := range map[string][]Range{
		"whole chunks":              {{0, Size}, {Size, Size}, {2 * Size, 5}},
		"at once":                   {{0, size}},
		"odd pieces":                {{0, 1}, {1, Size}, {Size + 1, Size + 3}, {2*Size + 4, 1}},
		"a piece comes again":       {{0, 100}, {0, 100}, {100, Size - 100}, {0, Size}, {Size, Size + 5}},
		"chunks in another order":   {{2 * Size, 5}, {Size, Size}, {0, Size}},
		"begins in a chunk, resent": {{10, Size}, {0, Size}, {Size, Size + 5}},
	} {
		var p Passing
		h := NewHashes(size)
		for _, g := range steps {
			p.Feed(&h, size, b[g.Offset:g.End()], g.Offset)
		}
		if !h.Complete() || h.File() != want.File() {
			t.Errorf("%s: %d of 3 chunks are known, the same file: %v", name, h.Count(), h.Complete() && h.File() == want.File())
		}
	}
}

func TestHashesOfHolesAreThoseOfZeros(t *testing.T) {
	for _, size := range []int64{1, Size - 1, Size, 2*Size + 7} {
		want := hashesOf(t, make([]byte, size))
		h := NewHashes(size)
		if n := h.SetHoles(Set{{0, size}}, size); int64(n) != Count(size) || h.File() != want.File() ||
			HashHole(size) != want.File() {
			t.Errorf("a hole of %d bytes has another hash than as many zeros", size)
		}
		if n := h.SetHoles(Set{{0, size}}, size); n != 0 {
			t.Errorf("%d holes are noted twice", n)
		}
	}
	if b := content()[:Size]; HashSmall(b) != func() [16]byte { h := hashesOf(t, b); return h.File() }() {
		t.Error("the hash of a small file is not that of its chunk")
	}
}

func TestHashesForget(t *testing.T) {
	h := hashesOf(t, content())
	h.Forget(1)
	h.Forget(1)
	if h.Complete() || h.Has(1) || h.Count() != 2 {
		t.Errorf("%d of 3 are known after one was forgotten", h.Count())
	}
}

func TestPlaceBeginsLargeFilesWithAChunk(t *testing.T) {
	for _, c := range [][3]int64{{5, 10, 5}, {5, Size, Size}, {Size, Size, Size}, {Size + 1, 3 * Size, 2 * Size},
		{5, Size - 1, 5}} {
		if got := Place(c[0], c[1]); got != c[2] {
			t.Errorf("a file of %d bytes behind %d lies at %d, want %d", c[1], c[0], got, c[2])
		}
	}
}
