package chunk

import "slices"

// Set is a set of byte ranges, ascending, disjoint and not adjacent.
type Set []Range

// Add includes [off, off+n) and returns how many bytes of it were new.
func (s *Set) Add(off, n int64) int64 {
	if n <= 0 {
		return 0
	}
	set, end := *s, off+n
	// The ranges in [i, j) touch the new one.
	i, _ := slices.BinarySearchFunc(set, off, func(r Range, v int64) int {
		if r.End() < v {
			return -1
		}
		return 1
	})
	j, start, stop, covered := i, off, end, int64(0)
	for ; j < len(set) && set[j].Offset <= end; j++ {
		r := set[j]
		covered += max(0, min(end, r.End())-max(off, r.Offset))
		start, stop = min(start, r.Offset), max(stop, r.End())
	}
	*s = slices.Replace(set, i, j, Range{Offset: start, Length: stop - start})
	return n - covered
}

// Cut takes a range out of the set.
func (s *Set) Cut(r Range) {
	var out Set
	end := r.Offset + r.Length
	for _, g := range *s {
		if before := min(g.End(), r.Offset); before > g.Offset {
			out = append(out, Range{Offset: g.Offset, Length: before - g.Offset})
		}
		if after := max(g.Offset, end); after < g.End() {
			out = append(out, Range{Offset: after, Length: g.Offset + g.Length - after})
		}
	}
	*s = out
}

// Covers reports whether all of [off, off+n) is in the set.
func (s Set) Covers(off, n int64) bool {
	for _, r := range s {
		if r.Offset <= off && off+n <= r.End() {
			return true
		}
		if r.Offset > off {
			break
		}
	}
	return n == 0
}

// Prefix is how many bytes from 0 on are in the set without a gap.
func (s Set) Prefix() int64 {
	if len(s) > 0 && s[0].Offset == 0 {
		return s[0].Length
	}
	return 0
}

// Total is the number of bytes in the set.
func (s Set) Total() int64 {
	var n int64
	for _, r := range s {
		n += r.Length
	}
	return n
}

// Missing is what of [0, size) is not in the set.
func (s Set) Missing(size int64) Set {
	var out Set
	var at int64
	for _, r := range s {
		if r.Offset >= size {
			break
		}
		if r.Offset > at {
			out = append(out, Range{Offset: at, Length: r.Offset - at})
		}
		at = max(at, r.End())
	}
	if at < size {
		out = append(out, Range{Offset: at, Length: size - at})
	}
	return out
}
