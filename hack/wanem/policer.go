package main

// policer is a token bucket that drops what does not fit and delays nothing, like those at the edge of a network. It
// begins full.
type policer struct {
	used float64 // bytes that are missing from the bucket
	last int64
}

// admits says whether a packet of size IP bytes passes at time t.
func (p *policer) admits(size int, t int64, s *Spec) bool {
	p.used = max(0, p.used-s.Policer/8e9*float64(max(t-p.last, 0)))
	p.last = max(p.last, t)
	if p.used+float64(size) > float64(s.PolicerBurst) {
		return false
	}
	p.used += float64(size)
	return true
}
