// Package admission bounds how many connections may be open that have not proved themselves yet: in all, and from one address.
package admission

import (
	"net"
	"sync"
)

// Strangers counts connections whose other end nobody knows yet. Its methods may be called by several goroutines at a time.
type Strangers struct {
	limit, perIP int

	mu    sync.Mutex
	total int
	byIP  map[string]int
}

// NewStrangers admits at most limit connections, and at most perIP from one address.
func NewStrangers(limit, perIP int) *Strangers {
	return &Strangers{limit: limit, perIP: perIP, byIP: map[string]int{}}
}

// Admit takes one more connection from ip, unless there are too many. What was admitted must Leave.
func (s *Strangers) Admit(ip string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= s.limit || s.byIP[ip] >= s.perIP {
		return false
	}
	s.total++
	s.byIP[ip]++
	return true
}

// Leave gives back the room of one connection from ip: it has proved itself, or has ended.
func (s *Strangers) Leave(ip string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.byIP[ip]--; s.byIP[ip] <= 0 {
		delete(s.byIP, ip)
	}
}

// IP is the address of a network address without its port.
func IP(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}
