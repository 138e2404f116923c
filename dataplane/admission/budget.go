package admission

import (
	"errors"
	"net"
	"sync/atomic"
)

// MostRead is how many bytes are read of a stranger: one frame of 256 KiB with the token, and as much again for the
// handshake and for tokens that were refused before.
const MostRead = 512 << 10

// errBudget ends a connection that says too much before anything is authorized.
var errBudget = errors.New("too much was sent before anything was authorized")

// Conn is a connection of which no more than MostRead bytes are read until it is Trusted, whatever the buffers of the
// protocol above would take.
type Conn struct {
	net.Conn
	trusted atomic.Bool
	read    atomic.Int64
}

// NewConn is the connection c of a stranger.
func NewConn(c net.Conn) *Conn { return &Conn{Conn: c} }

// Trust lifts the bound.
func (c *Conn) Trust() { c.trusted.Store(true) }

// Read reads what the bound permits.
func (c *Conn) Read(p []byte) (int, error) {
	if c.trusted.Load() {
		return c.Conn.Read(p)
	}
	rest := MostRead - c.read.Load()
	if rest <= 0 {
		return 0, errBudget
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), rest)])
	c.read.Add(int64(n))
	return n, err
}
