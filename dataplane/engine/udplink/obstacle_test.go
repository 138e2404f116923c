package udplink

import (
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
)

func TestObstacles(t *testing.T) {
	server := netip.MustParseAddrPort("192.0.2.1:33001")
	for errno, want := range map[syscall.Errno]string{
		syscall.EMSGSIZE: "the device", syscall.EPERM: "a firewall of this computer", syscall.ENETUNREACH: "no route",
		syscall.EHOSTUNREACH: "no route", syscall.ECONNREFUSED: "nothing listens", syscall.EACCES: "forbidden",
		syscall.EAGAIN: "",
	} {
		err := describe(errno, server, func() string { return "the device" })
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", errno, err, want)
		}
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		listening, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Fatal(err)
		}
		at := listening.LocalAddr().(*net.UDPAddr).AddrPort()
		at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		if err := obstacle(t.Context(), at); err != nil {
			t.Errorf("%s: a port that is silent has the obstacle %v", host, err)
		}
		listening.Close()
		if err := obstacle(t.Context(), at); err == nil || !strings.Contains(err.Error(), "nothing listens") {
			t.Errorf("%s: a closed port: %v", host, err)
		}
	}
}
