package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/internal/publicnet"
)

// Rules say which addresses a node may reach for those who make jobs: who asks a node to connect somewhere must not get
// to what only the node can see. Every address is looked at when it is connected to, whatever name led to it.
type Rules struct {
	// Allow are the networks that may be reached. If there are none, every public address may be.
	Allow []netip.Prefix
	// Deny are networks that may not be reached, whatever Allow says.
	Deny []netip.Prefix
	// Self are the names and addresses of this node, and Ports those of it that transfers come in by: they may be reached.
	Self  []string
	Ports []int
}

// ParseRules reads the lists of an administrator.
func ParseRules(allow, deny []string) (r Rules, err error) {
	if r.Allow, err = token.ParseNetworks(allow); err != nil {
		return r, fmt.Errorf("allow: %w", err)
	}
	if r.Deny, err = token.ParseNetworks(deny); err != nil {
		return r, fmt.Errorf("deny: %w", err)
	}
	return r, nil
}

// errForbidden is for an address that is not among those that may be reached. It does not say which address a name has.
var errForbidden = errors.New("not among the addresses that this node may reach")

// forbidden explains it for people.
func forbidden(host string) *fail.Error {
	return &fail.Error{Code: fail.Usage, Err: errForbidden, Text: fmt.Sprintf("remote_host %q can't be found, or has an "+
		"address that this node may not reach: its administrator lists those that it may (remotes.allow)", host)}
}

// Admits reports whether an address may be reached.
func (r Rules) Admits(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	in := func(networks []netip.Prefix) bool {
		return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	switch {
	case !a.IsValid(), in(r.Deny):
		return false
	case len(r.Allow) > 0:
		return in(r.Allow)
	}
	return publicnet.Contains(a)
}

// IsSelf reports whether a host is this node, by one of its names or by the loopback address, at a port of its own.
func (r Rules) IsSelf(host string, port int) bool {
	if !slices.Contains(r.Ports, port) {
		return false
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Unmap().IsLoopback() {
		return true
	}
	return slices.ContainsFunc(append([]string{"localhost"}, r.Self...), func(name string) bool {
		return name != "" && strings.EqualFold(name, strings.TrimSuffix(host, "."))
	})
}

// dial connects to a host, if the address that answers may be reached. This node is reached by the loopback address.
func (r Rules) dial(ctx context.Context, host string, port int) (net.Conn, error) {
	self := r.IsSelf(host, port)
	if self {
		host = "127.0.0.1"
	}
	d := net.Dialer{ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !self && !r.Admits(at.Addr()) {
			return errForbidden
		}
		return nil
	}}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, fmt.Sprint(port)))
	var dns *net.DNSError
	if errors.Is(err, errForbidden) || errors.As(err, &dns) && dns.IsNotFound {
		return nil, forbidden(host)
	}
	return conn, err
}
