package udplink

import (
	"sync/atomic"
	"time"
)

// How long an address is taken for the peer's after it has shown that it receives, in round trips and within bounds.
// The first time is short: nothing is known yet of an address but that it got a few small packets.
const (
	firstRounds, firstLeast, firstMost = 4, 250 * time.Millisecond, 2 * time.Second
	proofRounds, proofLeast, proofMost = 8, 2 * time.Second, 6 * time.Second
	// proofDue is how old a proof is when the next one is asked for, proofRetry how often the question is repeated.
	proofDue   = 500 * time.Millisecond
	proofRetry = 50 * time.Millisecond
	// amplification is how many bytes may leave for each one that came, while an address has not proved itself (RFC 9000,
	// section 8).
	amplification = 3
)

// proof is what a link knows of its peer's address: until when it is taken to receive what is sent there. A peer that
// has the keys could write reports in the name of an address that it has left (RFC 9000, section 21.4), so only what
// is sent to the address and comes back counts: tokens and the numbers of pings. It is safe for concurrent use.
type proof struct {
	till   atomic.Int64 // by the session's clock
	due    atomic.Int64 // when to ask again
	credit atomic.Int64 // bytes that may leave without a proof
}

// begin takes the first proof of an address.
func (p *proof) begin(now, rtt time.Duration) {
	p.set(now+min(max(firstRounds*rtt, firstLeast), firstMost), now)
}

// renew takes a later proof.
func (p *proof) renew(now, rtt time.Duration) {
	p.set(now+min(max(proofRounds*rtt, proofLeast), proofMost), now+proofDue)
}

// end has the address prove itself anew; came is the size of what came from it just now.
func (p *proof) end(now time.Duration, came int) {
	p.set(now, now)
	p.came(now, came)
}

func (p *proof) set(till, due time.Duration) {
	p.credit.Store(0)
	p.due.Store(int64(due))
	p.till.Store(int64(till))
}

// holds says whether the address has proved itself lately.
func (p *proof) holds(now time.Duration) bool { return int64(now) < p.till.Load() }

// ask says whether to ask for another proof now, and if so not again for a while.
func (p *proof) ask(now time.Duration) bool {
	due := p.due.Load()
	return int64(now) >= due && p.due.CompareAndSwap(due, int64(now+proofRetry))
}

// came counts n bytes that came from the address.
func (p *proof) came(now time.Duration, n int) {
	if !p.holds(now) {
		p.credit.Add(int64(n) * amplification)
	}
}

// allows says whether n bytes may be sent to the address, and takes them off what may be sent without a proof.
func (p *proof) allows(now time.Duration, n int) bool {
	if p.holds(now) {
		return true
	}
	for {
		left := p.credit.Load()
		if left < int64(n) {
			return false
		}
		if p.credit.CompareAndSwap(left, left-int64(n)) {
			return true
		}
	}
}
