// Package address reads lists of network addresses and tells who sends a request: the peer, or whom a trusted router
// saw.
package address

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// List is a list of addresses that may do something. The zero value allows nobody.
type List struct {
	prefixes  []netip.Prefix
	wildcards [][]string // octets of an IPv4 address; "*" is any octet, and any rest at the end
	everyone  bool
}

// Parse reads a comma list of addresses (192.0.2.1, 2001:db8::1), networks (192.0.2.0/24) and wildcards (192.*,
// 10.*.0.1, *).
func Parse(list string) (List, error) {
	var a List
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if err := a.add(entry); err != nil {
			return List{}, err
		}
	}
	return a, nil
}

func (a *List) add(entry string) error {
	bad := fmt.Errorf("%q is no address, network or wildcard", entry)
	switch {
	case entry == "*":
		a.everyone = true
	case strings.Contains(entry, "*"):
		octets := strings.Split(entry, ".")
		if len(octets) > 4 || (len(octets) < 4 && octets[len(octets)-1] != "*") {
			return bad
		}
		for _, octet := range octets {
			if octet != "*" && !isOctet(octet) {
				return bad
			}
		}
		a.wildcards = append(a.wildcards, octets)
	case strings.Contains(entry, "/"):
		prefix, err := netip.ParsePrefix(entry)
		if err != nil {
			return bad
		}
		a.prefixes = append(a.prefixes, prefix.Masked())
	default:
		address, err := netip.ParseAddr(entry)
		if err != nil {
			return bad
		}
		address = address.Unmap().WithZone("")
		a.prefixes = append(a.prefixes, netip.PrefixFrom(address, address.BitLen()))
	}
	return nil
}

func isOctet(s string) bool {
	_, err := netip.ParseAddr("0.0.0." + s)
	return err == nil
}

// Allow reports whether an address is in the list.
func (a List) Allow(address netip.Addr) bool {
	if !address.IsValid() {
		return false
	}
	if a.everyone {
		return true
	}
	address = address.Unmap().WithZone("")
	for _, prefix := range a.prefixes {
		if prefix.Contains(address) {
			return true
		}
	}
	if !address.Is4() {
		return false
	}
	octets := strings.Split(address.String(), ".")
	for _, wildcard := range a.wildcards {
		if matchOctets(wildcard, octets) {
			return true
		}
	}
	return false
}

func matchOctets(pattern, octets []string) bool {
	for i, want := range pattern {
		if want == "*" && i == len(pattern)-1 {
			return true
		}
		if want != "*" && want != octets[i] {
			return false
		}
	}
	return len(pattern) == len(octets)
}

// Client is who sends a request: the peer or, when router has the peer, whom the router saw. The router wrote the last
// entry of X-Forwarded-For; those before it are whatever the client sent (TestClient). The address is not valid when
// that entry is none.
func Client(r *http.Request, router List) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	forwarded := r.Header.Values("X-Forwarded-For")
	if len(forwarded) == 0 || !router.Allow(peer.Addr()) {
		return peer.Addr().Unmap()
	}
	last := forwarded[len(forwarded)-1]
	last = strings.TrimSpace(last[strings.LastIndex(last, ",")+1:])
	if host, _, err := net.SplitHostPort(last); err == nil {
		last = host
	}
	address, err := netip.ParseAddr(last)
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap()
}
