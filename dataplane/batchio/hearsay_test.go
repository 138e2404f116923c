package batchio

import (
	"fmt"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// What an ICMP message makes of a connected socket's next call is no failure of the socket.
func TestHearsay(t *testing.T) {
	for _, c := range []struct {
		err              error
		hearsay, sending bool
	}{
		{unix.ECONNREFUSED, true, true}, // port unreachable
		{unix.EHOSTUNREACH, true, true}, // filtered
		{unix.ENETUNREACH, true, true},
		{unix.ENONET, true, true},      // host isolated
		{unix.ENOPROTOOPT, true, true}, // protocol unreachable
		{unix.EPROTO, true, true},      // parameter problem
		{unix.EACCES, true, true},      // prohibited, IPv6
		{unix.EMSGSIZE, true, false},   // fragmentation needed; or the own device, which the handshake wants to know
		{unix.ENOBUFS, false, true},
		{unix.EBADF, false, false},
		{net.ErrClosed, false, false},
	} {
		wrapped := fmt.Errorf("receive: %w", c.err)
		if Hearsay(wrapped) != c.hearsay || transient(wrapped) != c.sending {
			t.Errorf("%v: hearsay %v, transient %v; want %v, %v", c.err, Hearsay(wrapped), transient(wrapped), c.hearsay,
				c.sending)
		}
	}
}
