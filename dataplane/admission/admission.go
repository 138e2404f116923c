// Package admission bounds how many connections may be open of strangers: peers of whom nothing was authorized yet.
//
// Strangers have places of their own, which those who were authorized give back. One address has a share of them, like
// OpenSSH's PerSourceMaxStartups. When all places are taken, a newcomer gets that of the stranger who has waited
// longest among those of the address that has most, so that whoever fills the places loses them first.
package admission

import (
	"cmp"
	"net"
	"net/netip"
	"sync"
)

// Strangers are the connections of strangers. Its methods may be called by several goroutines at a time.
type Strangers struct {
	limit, perIP int

	mu        sync.Mutex
	open      map[*Stranger]struct{}
	arrivals  uint64
	byHost    map[netip.Prefix]int
	byNetwork map[netip.Prefix]int
}

// Stranger is one connection of a stranger.
type Stranger struct {
	all           *Strangers
	drop          func()
	host, network netip.Prefix
	arrival       uint64
}

// NewStrangers admits at most limit connections, and at most perIP from one address. An IPv6 network of 64 bits, which
// is what one customer has, counts as one address.
func NewStrangers(limit, perIP int) *Strangers {
	return &Strangers{
		limit: limit, perIP: perIP, open: map[*Stranger]struct{}{}, byHost: map[netip.Prefix]int{},
		byNetwork: map[netip.Prefix]int{},
	}
}

// Admit takes one more connection from ip, and returns nil if its address has too many. What was admitted must Leave.
// The function drop closes the connection; Admit of another connection may call it when all places are taken.
func (s *Strangers) Admit(ip string, drop func()) *Stranger {
	host, network := prefixes(ip)
	x := &Stranger{all: s, drop: drop, host: host, network: network}
	s.mu.Lock()
	if s.byHost[host] >= s.perIP {
		s.mu.Unlock()
		return nil
	}
	s.arrivals++
	x.arrival = s.arrivals
	s.countLocked(x, 1)
	var victim *Stranger
	if len(s.open) >= s.limit {
		victim = s.victimLocked()
		s.leaveLocked(victim)
	}
	s.open[x] = struct{}{}
	s.mu.Unlock()
	if victim != nil {
		victim.drop()
	}
	return x
}

// victimLocked is the stranger whose place a newcomer, which is counted already, takes: of the network with most, the
// address with most, the one that has waited longest.
func (s *Strangers) victimLocked() *Stranger {
	var worst *Stranger
	for x := range s.open {
		if worst == nil || cmp.Or(
			cmp.Compare(s.byNetwork[x.network], s.byNetwork[worst.network]),
			cmp.Compare(s.byHost[x.host], s.byHost[worst.host]),
			cmp.Compare(worst.arrival, x.arrival),
		) > 0 {
			worst = x
		}
	}
	return worst
}

// Leave gives back the place of a connection that was authorized or has ended. Only the first call counts.
func (x *Stranger) Leave() {
	x.all.mu.Lock()
	defer x.all.mu.Unlock()
	if _, ok := x.all.open[x]; ok {
		x.all.leaveLocked(x)
	}
}

func (s *Strangers) leaveLocked(x *Stranger) {
	delete(s.open, x)
	s.countLocked(x, -1)
}

func (s *Strangers) countLocked(x *Stranger, n int) {
	add(s.byHost, x.host, n)
	add(s.byNetwork, x.network, n)
}

func add(counts map[netip.Prefix]int, p netip.Prefix, n int) {
	if counts[p] += n; counts[p] == 0 {
		delete(counts, p)
	}
}

// prefixes are the address of one customer and the network around it: 32 and 24 bits of IPv4, 64 and 48 of IPv6. What
// is no address is in the one network of all that are none.
func prefixes(ip string) (host, network netip.Prefix) {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.Prefix{}, netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	hostBits, networkBits := 64, 48
	if a.Is4() {
		hostBits, networkBits = 32, 24
	}
	host, _ = a.Prefix(hostBits) // The numbers of bits are within the address.
	network, _ = a.Prefix(networkBits)
	return host, network
}

// IP is the address of a network address without its port.
func IP(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}
