package sshd

import (
	"sync"
	"syscall"
)

// errTooManyFiles passes: descriptors come back when sessions end.
var errTooManyFiles = syscall.EMFILE

// strangers counts connections that have not authenticated, in all and by address.
type strangers struct {
	limit, perIP int

	mu    sync.Mutex
	total int
	byIP  map[string]int
}

func newStrangers(limit, perIP int) *strangers {
	return &strangers{limit: limit, perIP: perIP, byIP: map[string]int{}}
}

func (s *strangers) admit(ip string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= s.limit || s.byIP[ip] >= s.perIP {
		return false
	}
	s.total++
	s.byIP[ip]++
	return true
}

func (s *strangers) leave(ip string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.byIP[ip]--; s.byIP[ip] <= 0 {
		delete(s.byIP, ip)
	}
}
