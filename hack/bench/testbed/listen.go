package testbed

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Listen opens a TCP listener on the loopback address of a place.
func (p Place) Listen() (l net.Listener, err error) {
	err = p.within(func() error {
		l, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	})
	return l, err
}

// Answers waits until some process at the place has bound a port, TCP or UDP, and reports whether one did in time.
func (p Place) Answers(ctx context.Context, port int) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) &&
		ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		bound := false
		err := p.within(func() error {
			for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
				text, err := os.ReadFile("/proc/thread-self/net/" + table)
				if err != nil {
					return err
				}
				bound = bound || lists(string(text), port)
			}
			return nil
		})
		if err == nil && bound {
			return true
		}
	}
	return false
}

// lists reports whether a table of the kernel's sockets has an unconnected one with this local port.
func lists(table string, port int) bool {
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != "0A" && f[3] != "07" { // listening; unconnected UDP
			continue
		}
		_, hex, _ := strings.Cut(f[1], ":")
		if n, err := strconv.ParseUint(hex, 16, 16); err == nil && int(n) == port {
			return true
		}
	}
	return false
}
