package engine

import (
	"context"
	"net/netip"
)

// GSO is the switch of the segmentation offloads.
type GSO string

// The positions of the switch; "" is GSOAuto: use them until the kernel refuses.
const (
	GSOAuto GSO = "auto"
	GSOOn   GSO = "on"
	GSOOff  GSO = "off"
)

// Options describe a UDP socket; the zero value is usable.
type Options struct {
	GSO         GSO
	ReadBuffer  int // bytes, 0 is 32 MiB (as far as the kernel allows)
	WriteBuffer int // bytes, 0 is 4 MiB
	MaxDatagram int // largest UDP payload to probe for, 0 is 8972
}

// Endpoint is one UDP port shared by all sessions of a node.
type Endpoint struct{}

// ListenUDP opens the port ("host:port", host may be empty for all addresses of both
// families) and serves it until Close.
func ListenUDP(addr string, o Options) (*Endpoint, error) { return nil, ErrClosed }

// Register announces a session; datagrams with its connection id that pass authentication
// reach the returned link from then on. Closing the link removes the session.
func (e *Endpoint) Register(cfg Config) (Link, error) { return nil, ErrClosed }

// Addr is the bound address.
func (e *Endpoint) Addr() netip.AddrPort { return netip.AddrPort{} }

// Close closes the port and every link registered on it.
func (e *Endpoint) Close() error { return nil }

// DialUDP opens a link to a registered session at addr ("host:port"): it sends authenticated
// hellos of growing size until they are answered or ctx ends; the error then says that the
// UDP port of the host does not answer.
func DialUDP(ctx context.Context, addr string, cfg Config, o Options) (Link, error) {
	return nil, ErrClosed
}
