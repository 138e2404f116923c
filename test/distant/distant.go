// Package distant is a network in memory whose ends are far apart: every byte takes half a round trip,
// and nothing else takes any time.
//
// In a bubble of testing/synctest the time something took, divided by the round trip, is the
// number of round trips it waited for.
package distant

import (
	"context"
	"net"
	"sync"
	"time"
)

// Network joins one listener with those who dial it.
type Network struct {
	roundTrip time.Duration
	arriving  chan net.Conn
	closed    chan struct{}
	close     sync.Once
	carrying  sync.WaitGroup
}

// New makes a network with a listener that is roundTrip away.
func New(roundTrip time.Duration) *Network {
	return &Network{roundTrip: roundTrip, arriving: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects as TCP does: after one round trip the caller may send, half a round trip later the listener knows of
// it. What is named by network and addr does not matter.
func (n *Network) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := sleep(ctx, n.roundTrip); err != nil {
		return nil, err
	}
	here, toServer := net.Pipe()
	toClient, there := net.Pipe()
	n.carrying.Go(func() { carry(toClient, toServer, n.roundTrip/2) })
	n.carrying.Go(func() { carry(toServer, toClient, n.roundTrip/2) })
	n.carrying.Go(func() {
		time.Sleep(n.roundTrip / 2)
		select {
		case n.arriving <- end{there, serverAddr, clientAddr}:
		case <-n.closed:
			there.Close()
		}
	})
	return end{here, clientAddr, serverAddr}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Accept is that of a net.Listener, which Network is.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case c := <-n.arriving:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener, not the connections.
func (n *Network) Close() error {
	n.close.Do(func() { close(n.closed) })
	return nil
}

// Wait returns when all connections have ended. A bubble can't end before.
func (n *Network) Wait() { n.carrying.Wait() }

// Addr is that of the listener.
func (n *Network) Addr() net.Addr { return serverAddr }

var (
	clientAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 50000}
	serverAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 443}
)

// end is one end of a connection.
type end struct {
	net.Conn
	local, remote net.Addr
}

func (e end) LocalAddr() net.Addr  { return e.local }
func (e end) RemoteAddr() net.Addr { return e.remote }

// carry moves what comes out of from to to, each piece delay later, and closes to when from has ended.
func carry(to, from net.Conn, delay time.Duration) {
	type piece struct {
		data []byte
		due  time.Time
		err  error
	}
	flying := make(chan piece, 1024)
	go func() {
		defer close(flying)
		for {
			b := make([]byte, 64<<10)
			n, err := from.Read(b)
			flying <- piece{b[:n], time.Now().Add(delay), err}
			if err != nil {
				return
			}
		}
	}()
	for p := range flying {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil || p.err != nil {
			break
		}
	}
	to.Close()
	from.Close()
	for range flying { // The reader notices that its end is closed.
	}
}
