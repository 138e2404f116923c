package transfer

import (
	"slices"

	"faspex.io/operator/dataplane/transfer/control"
)

// ChunkSize is the unit of the journal and of resume, in bytes. It is part of the protocol.
const ChunkSize = 1 << 20

// rangeSet is a set of byte ranges, ascending, disjoint and not adjacent.
type rangeSet []control.Range

// add includes [off, off+n) and returns how many bytes of it were new.
func (s *rangeSet) add(off, n int64) int64 {
	if n <= 0 {
		return 0
	}
	set, end := *s, off+n
	// The ranges in [i, j) touch the new one.
	i, _ := slices.BinarySearchFunc(set, off, func(r control.Range, v int64) int {
		if r.Offset+r.Length < v {
			return -1
		}
		return 1
	})
	j, start, stop, covered := i, off, end, int64(0)
	for ; j < len(set) && set[j].Offset <= end; j++ {
		r := set[j]
		covered += max(0, min(end, r.Offset+r.Length)-max(off, r.Offset))
		start, stop = min(start, r.Offset), max(stop, r.Offset+r.Length)
	}
	*s = slices.Replace(set, i, j, control.Range{Offset: start, Length: stop - start})
	return n - covered
}

// cut takes a range out of the set.
func (s *rangeSet) cut(r control.Range) {
	var out rangeSet
	end := r.Offset + r.Length
	for _, g := range *s {
		if before := min(g.Offset+g.Length, r.Offset); before > g.Offset {
			out = append(out, control.Range{Offset: g.Offset, Length: before - g.Offset})
		}
		if after := max(g.Offset, end); after < g.Offset+g.Length {
			out = append(out, control.Range{Offset: after, Length: g.Offset + g.Length - after})
		}
	}
	*s = out
}

// covers reports whether all of [off, off+n) is in the set.
func (s rangeSet) covers(off, n int64) bool {
	for _, r := range s {
		if r.Offset <= off && off+n <= r.Offset+r.Length {
			return true
		}
		if r.Offset > off {
			break
		}
	}
	return n == 0
}

// prefix is how many bytes from 0 on are in the set without a gap.
func (s rangeSet) prefix() int64 {
	if len(s) > 0 && s[0].Offset == 0 {
		return s[0].Length
	}
	return 0
}

// total is the number of bytes in the set.
func (s rangeSet) total() int64 {
	var n int64
	for _, r := range s {
		n += r.Length
	}
	return n
}

// missing is what of [0, size) is not in the set.
func (s rangeSet) missing(size int64) rangeSet {
	var out rangeSet
	var at int64
	for _, r := range s {
		if r.Offset >= size {
			break
		}
		if r.Offset > at {
			out = append(out, control.Range{Offset: at, Length: r.Offset - at})
		}
		at = max(at, r.Offset+r.Length)
	}
	if at < size {
		out = append(out, control.Range{Offset: at, Length: size - at})
	}
	return out
}

// chunkRange is the part of a file of the given size that chunk i is.
func chunkRange(i, size int64) control.Range {
	off := i * ChunkSize
	return control.Range{Offset: off, Length: min(ChunkSize, size-off)}
}

// chunkCount is the number of chunks of a file of the given size.
func chunkCount(size int64) int64 { return (size + ChunkSize - 1) / ChunkSize }

// sampleChunks picks at most n of the chunks: the first, the last, and others evenly between.
func sampleChunks(chunks []int64, n int) []int64 {
	if len(chunks) <= n {
		return chunks
	}
	out := make([]int64, 0, n)
	for i := range n {
		out = append(out, chunks[i*(len(chunks)-1)/(n-1)])
	}
	return slices.Compact(out)
}

// place is where a file of the given size lies in a transfer space whose files so far end at end. Files of a chunk or more
// begin with a chunk of the space, so that their chunks travel and are written as one.
func place(end, size int64) int64 {
	if size < ChunkSize {
		return end
	}
	return (end + ChunkSize - 1) / ChunkSize * ChunkSize
}
