package engine

import "slices"

// span is the bytes [lo, hi).
type span struct{ lo, hi int64 }

// intervals is a set of bytes kept as sorted, disjoint, non-adjacent spans. Adding at the end,
// the common case, is constant time.
type intervals struct {
	s     []span
	total int64
}

// at is the index of the first span that ends after off.
func (v *intervals) at(off int64) int {
	if n := len(v.s); n == 0 || v.s[n-1].hi <= off {
		return n
	}
	lo, hi := 0, len(v.s)-1
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if v.s[m].hi > off {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return lo
}

// add puts [lo, hi) into the set.
func (v *intervals) add(lo, hi int64) {
	if lo >= hi {
		return
	}
	i := v.at(lo)
	if i > 0 && v.s[i-1].hi == lo {
		i--
	}
	j := i
	nlo, nhi := lo, hi
	for j < len(v.s) && v.s[j].lo <= hi {
		nlo, nhi = min(nlo, v.s[j].lo), max(nhi, v.s[j].hi)
		v.total -= v.s[j].hi - v.s[j].lo
		j++
	}
	v.total += nhi - nlo
	if j == i {
		v.s = slices.Insert(v.s, i, span{nlo, nhi})
		return
	}
	v.s[i] = span{nlo, nhi}
	if j > i+1 {
		v.s = slices.Delete(v.s, i+1, j)
	}
}

// contains says whether all of [lo, hi) is in the set.
func (v *intervals) contains(lo, hi int64) bool {
	i := v.at(lo)
	return i < len(v.s) && v.s[i].lo <= lo && hi <= v.s[i].hi
}

// overlap is how many bytes of [lo, hi) are in the set.
func (v *intervals) overlap(lo, hi int64) int64 {
	var n int64
	for i := v.at(lo); i < len(v.s) && v.s[i].lo < hi; i++ {
		n += min(hi, v.s[i].hi) - max(lo, v.s[i].lo)
	}
	return n
}

// missing appends the parts of [lo, hi) that are not in the set.
func (v *intervals) missing(out []span, lo, hi int64) []span {
	for i := v.at(lo); i < len(v.s) && v.s[i].lo < hi; i++ {
		if v.s[i].lo > lo {
			out = append(out, span{lo, v.s[i].lo})
		}
		lo = v.s[i].hi
	}
	if lo < hi {
		out = append(out, span{lo, hi})
	}
	return out
}
