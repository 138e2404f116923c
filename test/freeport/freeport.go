// Package freeport gives ports to servers that a test starts by a number.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
)

// Ports that systems give to clients begin at 32768 (ip_local_port_range): what is below is taken by nobody in passing.
const (
	first = 10_000
	last  = 32_767
)

// next begins somewhere else in each process, and goes up, so that none of a process is given twice.
var next atomic.Uint32

func init() { next.Store(rand.Uint32N(last - first)) }

// New is a port of 127.0.0.1 at which nobody listens, by TCP or by UDP, and which this process was not given before.
func New() (int, error) {
	var err error
	for range last - first {
		port := first + int(next.Add(1)%(last-first+1))
		if err = bind(port); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no port between %d and %d is free: %w", first, last, err)
}

func bind(port int) error {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	return c.Close()
}
