package token

import (
	"context"
	"net/netip"
	"slices"
)

type addressKey struct{}

// WithAddress notes the IP address of the client that a secret comes from: failed logins are counted by it too.
func WithAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// AddressOf is the address that WithAddress noted, or "".
func AddressOf(ctx context.Context) string {
	address, _ := ctx.Value(addressKey{}).(string)
	return address
}

// Networks says from where an access key may be used: from Allow, or from everywhere if that
// is empty, and never from Deny.
type Networks struct{ Allow, Deny []netip.Prefix }

// Admits reports whether all rules admit an address. One that is not known is admitted where there are no rules.
func Admits(rules []Networks, address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return len(rules) == 0
	}
	a = a.Unmap().WithZone("")
	has := func(list []netip.Prefix) bool {
		return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return !slices.ContainsFunc(rules, func(n Networks) bool { return has(n.Deny) || len(n.Allow) > 0 && !has(n.Allow) })
}
