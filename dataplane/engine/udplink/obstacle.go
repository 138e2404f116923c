package udplink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"faspex.io/operator/dataplane/wire"
	"golang.org/x/sys/unix"
)

// Obstacle is why a link did not come up, as far as this host knows: its device, its routes, its firewall, or what the
// network said.
type Obstacle struct{ text string }

func (o *Obstacle) Error() string { return o.text }

// listenFor is how long the network gets to say that a port is closed.
const listenFor = 200 * time.Millisecond

// obstacle looks for the reason that no datagram came back from server, by a socket whose errors are its own. It
// returns nil if there is none to be seen from here.
func obstacle(ctx context.Context, server netip.AddrPort) error {
	family, level, discover, mtu, header := unix.AF_INET, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_MTU, 28
	var to unix.Sockaddr
	if server.Addr().Is4() {
		to = &unix.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()}
	} else {
		family, level, discover, mtu, header = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_MTU, 48
		to = &unix.SockaddrInet6{Port: int(server.Port()), Addr: server.Addr().As16(), ZoneId: zoneOf(server.Addr())}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil //nolint:nilerr // Nothing can be found out.
	}
	defer unix.Close(fd)
	_ = unix.SetsockoptInt(fd, level, discover, unix.IP_PMTUDISC_PROBE) // Without it long datagrams are cut into several.
	if err = unix.Connect(fd, to); err == nil {
		_, err = unix.Write(fd, make([]byte, wire.MinDatagram))
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case <-time.After(listenFor):
		}
		_, err = unix.Write(fd, make([]byte, wire.MinDatagram)) // It brings what was said of the first.
	}
	return describe(err, server, func() string {
		size, err := unix.GetsockoptInt(fd, level, mtu)
		if err != nil {
			return fmt.Sprintf("the network device does not take datagrams of %d bytes", wire.MinDatagram+header)
		}
		return fmt.Sprintf("the network device or path takes %d bytes, %d are needed", size, wire.MinDatagram+header)
	})
}

// zoneOf is the number of the device that an address is bound to, 0 for none.
func zoneOf(a netip.Addr) uint32 {
	device, err := net.InterfaceByName(a.Zone())
	if err != nil {
		return 0
	}
	return uint32(device.Index)
}

// describe says what an error of a datagram means.
func describe(err error, server netip.AddrPort, tooLong func() string) error {
	switch {
	case errors.Is(err, unix.EMSGSIZE):
		return &Obstacle{tooLong()}
	case errors.Is(err, unix.EPERM):
		return &Obstacle{fmt.Sprintf("a firewall of this computer does not let UDP out to %s", server)}
	case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.ENETDOWN):
		return &Obstacle{fmt.Sprintf("there is no route for UDP to %s", server)}
	case errors.Is(err, unix.ECONNREFUSED):
		return &Obstacle{fmt.Sprintf("nothing listens at UDP port %d of %s, says the network", server.Port(), server.Addr())}
	case errors.Is(err, unix.EACCES):
		return &Obstacle{fmt.Sprintf("UDP to %s is forbidden, says the network: a firewall on the way", server)}
	}
	return nil
}
