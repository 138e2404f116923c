package core

import (
	"context"
	"net"
	"net/netip"
	"path"
	"strings"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/store"
)

// takesSecondary reports whether a caller is told the second address of a node for transfers: the node has one, and the
// caller's address, or the address of this server that the caller's browser has, is among those for which it is.
func takesSecondary(ctx context.Context, n store.Node) bool {
	if !n.EnableSecondaryTransferAddress || n.SecondaryTransferAddress == "" {
		return false
	}
	if requesters, err := address.Parse(n.RequesterAddressMatch); err == nil {
		if from, err := netip.ParseAddr(clientAddress(ctx)); err == nil && requesters.Allow(from) {
			return true
		}
	}
	host, _ := ctx.Value(hostKey{}).(string)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	for pattern := range strings.SplitSeq(strings.ToLower(n.BrowserAddressMatch), ",") {
		if fits, err := path.Match(strings.TrimSpace(pattern), strings.ToLower(host)); err == nil && fits && host != "" {
			return true
		}
	}
	return false
}

// checkMatches tells what is wrong with the patterns of addresses of a node.
func checkMatches(n store.Node) error {
	if _, err := address.Parse(n.RequesterAddressMatch); err != nil {
		return badField("requester_address_match must hold addresses, networks or patterns like 10.*, with commas between them.",
			"requester_address_match")
	}
	for pattern := range strings.SplitSeq(n.BrowserAddressMatch, ",") {
		if _, err := path.Match(strings.TrimSpace(pattern), ""); err != nil {
			return badField("browser_address_match must hold host names or patterns like *.example.com, with commas between them.",
				"browser_address_match")
		}
	}
	return nil
}
