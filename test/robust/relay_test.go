package robust

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// What the relay knows of a packet: docs/protocol.md, section 2.2.
const (
	typeData     = 1
	dataOverhead = 18 + 16 // of a data packet: header and tag
)

// way is the direction of a datagram.
type way bool

const (
	up   way = true
	down way = false
)

// relay carries the datagrams of one client to a node and back, as a home router does: the
// node sees the relay's address.
type relay struct {
	inside  *net.UDPConn
	node    netip.AddrPort
	client  atomic.Pointer[netip.AddrPort]
	outside atomic.Pointer[net.UDPConn]
	// payload counts the bytes of the transfer space that went into the relay.
	payload atomic.Int64

	mu sync.Mutex
	// meddle, if not nil, is given each datagram and returns what goes on instead of it.
	meddle func(w way, d []byte) [][]byte
	alarms []alarm
	all    []*net.UDPConn
}

// alarm is closed when the payload reaches at.
type alarm struct {
	at   int64
	rung chan struct{}
}

// newRelay makes a relay to the data port of a node on this machine.
func newRelay(t *testing.T, n *node) *relay {
	t.Helper()
	r := &relay{inside: listenUDP(t, "127.0.0.1:0")}
	r.serve(t, n)
	go r.carryUp()
	t.Cleanup(func() {
		r.inside.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.all {
			c.Close()
		}
	})
	return r
}

// serve has the relay carry to another node from now on.
func (r *relay) serve(t *testing.T, n *node) {
	t.Helper()
	r.mu.Lock()
	r.node = netip.AddrPortFrom(netip.MustParseAddr(n.host), uint16(n.contact.UDPPort))
	r.mu.Unlock()
	r.move(t, "127.0.0.1:0")
}

func listenUDP(t *testing.T, addr string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20) })
	if err != nil || set != nil {
		t.Fatalf("buffer of a UDP socket: %v, %v", err, set)
	}
	return c
}

func (r *relay) port() int { return r.inside.LocalAddr().(*net.UDPAddr).Port }

// move takes another address towards the node. What is on its way to the old one is lost.
func (r *relay) move(t *testing.T, addr string) {
	t.Helper()
	c := listenUDP(t, addr)
	r.mu.Lock()
	r.all = append(r.all, c)
	r.mu.Unlock()
	go r.carryDown(c)
	if old := r.outside.Swap(c); old != nil {
		old.Close()
	}
}

func (r *relay) carryUp() {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := r.inside.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if known := r.client.Load(); known == nil || *known != from {
			r.client.Store(&from)
		}
		for _, d := range r.pass(up, buf[:n]) {
			r.mu.Lock()
			to := r.node
			r.mu.Unlock()
			// A datagram that can't be sent is lost, as on any network.
			_, _ = r.outside.Load().WriteToUDPAddrPort(d, to)
		}
	}
}

func (r *relay) carryDown(c *net.UDPConn) {
	buf := make([]byte, 64<<10)
	for {
		n, _, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		for _, d := range r.pass(down, buf[:n]) {
			if to := r.client.Load(); to != nil {
				_, _ = r.inside.WriteToUDPAddrPort(d, *to)
			}
		}
	}
}

// pass counts a datagram and has it meddled with.
func (r *relay) pass(w way, d []byte) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if isData(d) {
		sum := r.payload.Add(int64(len(d) - dataOverhead))
		for len(r.alarms) > 0 && r.alarms[0].at <= sum {
			close(r.alarms[0].rung)
			r.alarms = r.alarms[1:]
		}
	}
	if r.meddle == nil {
		return [][]byte{d}
	}
	return r.meddle(w, d)
}

// meddleWith has datagrams meddled with from now on, or no longer.
func (r *relay) meddleWith(f func(w way, d []byte) [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meddle = f
}

// after returns a channel that is closed when n more bytes of payload have been carried.
func (r *relay) after(n int64) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := alarm{r.payload.Load() + n, make(chan struct{})}
	r.alarms = []alarm{a}
	return a.rung
}

// hold is after, and from then on no data is carried, until meddleWith or the next hold: whatever is
// done meanwhile is not too late.
func (r *relay) hold(n int64) <-chan struct{} {
	moment, at := r.after(n), r.payload.Load()+n
	r.meddleWith(func(_ way, d []byte) [][]byte {
		if isData(d) && r.payload.Load() >= at {
			return nil
		}
		return [][]byte{d}
	})
	return moment
}

func isData(d []byte) bool { return len(d) > dataOverhead && d[0]&15 == typeData }
