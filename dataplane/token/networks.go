package token

import (
	"fmt"
	"net/netip"
	"slices"
)

// Networks says from where an access key may be used: from Allow, or from everywhere if that
// is empty, and never from Deny.
type Networks struct{ Allow, Deny []netip.Prefix }

// Admits reports whether all rules admit an address. One that is not known is admitted where there are no rules.
func Admits(rules []Networks, address string) bool {
	a, err := parseAddress(address)
	if err != nil {
		return len(rules) == 0
	}
	return !slices.ContainsFunc(rules, func(n Networks) bool {
		return contains(n.Deny, a) || len(n.Allow) > 0 && !contains(n.Allow, a)
	})
}

// InNetworks reports whether an address is known and in one of the networks.
func InNetworks(networks []netip.Prefix, address string) bool {
	a, err := parseAddress(address)
	return err == nil && contains(networks, a)
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

func parseAddress(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	return a.Unmap().WithZone(""), err
}

// ParseNetworks reads a list of addresses and networks. It refuses what no client's address is ever in: addresses with
// a zone, and IPv4 that is written as IPv6.
func ParseNetworks(texts []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, notAddress := netip.ParseAddr(text)
			if notAddress != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q must be an address or a network such as 10.0.0.0/8", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q must be written as an IPv4 network", text)
		}
		networks = append(networks, p.Masked())
	}
	return networks, nil
}
