package batchio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func listen(t *testing.T, o Options) *Conn {
	t.Helper()
	c, err := Listen("udp4", "127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// receiveAll collects datagrams until want bytes came or nothing comes any more.
func receiveAll(t *testing.T, c *Conn, want int) (got []byte, sizes map[int]int) {
	t.Helper()
	sizes = map[int]int{}
	buf := make([]byte, ReceiveBuffer)
	for len(got) < want {
		n, size, _, err := c.Receive(buf, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		for p := buf[:n]; len(p) > 0; p = p[min(size, len(p)):] {
			sizes[min(size, len(p))]++
		}
		got = append(got, buf[:n]...)
	}
	return got, sizes
}

func TestTrainsArriveWhole(t *testing.T) {
	train := make([]byte, 100*1000+300) // more than one system call may carry
	for i := range train {
		train[i] = byte(i * i)
	}
	for _, mode := range []Mode{Auto, On, Off} {
		a, b := listen(t, Options{Offload: mode}), listen(t, Options{Offload: mode, ReadBuffer: 4 << 20})
		if err := a.Send(train, 1000, b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		got, sizes := receiveAll(t, b, len(train))
		if !bytes.Equal(got, train) || sizes[1000] != 100 || sizes[300] != 1 {
			t.Errorf("mode %v: %d bytes in datagrams of %v", mode, len(got), sizes)
		}
	}
}

// TestFallback has the kernel refuse trains: they leave datagram by datagram from then on.
func TestFallback(t *testing.T) {
	for _, tt := range []struct {
		mode  Mode
		fails bool
	}{{Auto, false}, {On, true}} {
		a, b := listen(t, Options{Offload: tt.mode}), listen(t, Options{Offload: tt.mode, ReadBuffer: 1 << 20})
		refusals := 0
		a.refuse = func(datagrams int) error {
			if datagrams > 1 {
				refusals++
				return unix.EIO
			}
			return nil
		}
		train := bytes.Repeat([]byte("0123456789"), 35)
		err := a.Send(train, 100, b.LocalAddr())
		if tt.fails {
			if err == nil {
				t.Error("mode on: the refusal went unnoticed")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Send(train, 100, b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		got, sizes := receiveAll(t, b, 2*len(train))
		if len(got) != 2*len(train) || sizes[100] != 6 || sizes[50] != 2 {
			t.Errorf("%d bytes in datagrams of %v", len(got), sizes)
		}
		if refusals != 1 || a.GSO() || a.Fallbacks() != 1 {
			t.Errorf("%d refusals, gso %v, %d fallbacks", refusals, a.GSO(), a.Fallbacks())
		}
	}
}

// TestConnectedSocketGetsItsPeer opens a second socket on the port for one peer; others reach the first.
func TestConnectedSocketGetsItsPeer(t *testing.T) {
	server := listen(t, Options{})
	if err := server.Share(); err != nil {
		t.Fatal(err)
	}
	peer, other := listen(t, Options{}), listen(t, Options{})
	own, err := server.Connected(peer.LocalAddr(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	expect := func(c *Conn, from *Conn, text string) {
		t.Helper()
		if err := from.Send([]byte(text), len(text), server.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, ReceiveBuffer)
		n, _, addr, err := c.Receive(buf, time.Second)
		if err != nil || string(buf[:n]) != text || addr != from.LocalAddr() {
			t.Errorf("received %q from %v, %v", buf[:n], addr, err)
		}
	}
	for range 10 {
		expect(own, peer, "mine")
		expect(server, other, "another's")
	}
	if err := own.Connect(other.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	expect(own, other, "moved")
	expect(server, peer, "left")
	if second, err := Listen("udp4", server.LocalAddr().String(), Options{}); err == nil {
		second.Close()
		t.Error("a second listener got the port")
	}
}

func TestSendAndReceiveDoNotAllocate(t *testing.T) {
	a, b := listen(t, Options{}), listen(t, Options{ReadBuffer: 4 << 20})
	train := make([]byte, 44*1472)
	buf := make([]byte, ReceiveBuffer)
	to := b.LocalAddr()
	n := testing.AllocsPerRun(100, func() {
		if err := a.Send(train, 1472, to); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < len(train); {
			n, _, _, err := b.Receive(buf, time.Second)
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			got += n
		}
	})
	if n != 0 {
		t.Errorf("%v allocations per train of 44 datagrams", n)
	}
}

func FuzzParseControl(f *testing.F) {
	var b [32]byte
	f.Add(append([]byte(nil), segmentControl(b[:], 1472)...))
	drops := make([]byte, unix.CmsgSpace(4))
	binary.NativeEndian.PutUint64(drops, uint64(unix.CmsgLen(4)))
	binary.NativeEndian.PutUint32(drops[8:], unix.SOL_SOCKET)
	binary.NativeEndian.PutUint32(drops[12:], unix.SO_RXQ_OVFL)
	binary.NativeEndian.PutUint32(drops[16:], 7)
	f.Add(drops)
	stamp := make([]byte, unix.CmsgSpace(16))
	binary.NativeEndian.PutUint64(stamp, uint64(unix.CmsgLen(16)))
	binary.NativeEndian.PutUint32(stamp[8:], unix.SOL_SOCKET)
	binary.NativeEndian.PutUint32(stamp[12:], unix.SCM_TIMESTAMPNS)
	f.Add(append(stamp, drops...))
	f.Fuzz(func(t *testing.T, b []byte) {
		parseControl(b)
	})
}

func TestParseControl(t *testing.T) {
	gro := make([]byte, unix.CmsgSpace(4))
	binary.NativeEndian.PutUint64(gro, uint64(unix.CmsgLen(4)))
	binary.NativeEndian.PutUint32(gro[8:], unix.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(gro[12:], unix.UDP_GRO)
	binary.NativeEndian.PutUint32(gro[16:], 1472)
	drops := append([]byte(nil), gro...)
	binary.NativeEndian.PutUint32(drops[8:], unix.SOL_SOCKET)
	binary.NativeEndian.PutUint32(drops[12:], unix.SO_RXQ_OVFL)
	binary.NativeEndian.PutUint32(drops[16:], 7)
	stamp := make([]byte, unix.CmsgSpace(16))
	binary.NativeEndian.PutUint64(stamp, uint64(unix.CmsgLen(16)))
	binary.NativeEndian.PutUint32(stamp[8:], unix.SOL_SOCKET)
	binary.NativeEndian.PutUint32(stamp[12:], unix.SCM_TIMESTAMPNS)
	binary.NativeEndian.PutUint64(stamp[16:], 5)
	binary.NativeEndian.PutUint64(stamp[24:], 6)
	tests := []struct {
		name string
		in   []byte
		want control
	}{
		{"nothing", nil, control{}},
		{"all", bytes.Join([][]byte{stamp, drops, gro}, nil), control{1472, 7, 5e9 + 6}},
		{"cut", gro[:18], control{}},
		{"stamp cut", stamp[:24], control{}},
	}
	for _, tt := range tests {
		if got := parseControl(tt.in); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestSizesStayApart receives trains of different sizes that wait together: none is taken for a part of another.
func TestSizesStayApart(t *testing.T) {
	for _, mode := range []Mode{Auto, Off} {
		a, b := listen(t, Options{Offload: mode}), listen(t, Options{Offload: mode, ReadBuffer: 4 << 20})
		trains := []struct{ n, size int }{{1000, 1000}, {150, 50}, {2100, 1000}, {900, 900}, {1000, 1000}, {10, 10},
			{40_000, 1000}}
		var want []int
		for _, tr := range trains {
			if err := a.Send(make([]byte, tr.n), tr.size, b.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			for left := tr.n; left > 0; left -= tr.size {
				want = append(want, min(left, tr.size))
			}
		}
		var got []int
		buf := make([]byte, ReceiveBuffer)
		for len(got) < len(want) {
			n, size, _, err := b.Receive(buf, time.Second)
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			for left := n; left > 0; left -= size {
				got = append(got, min(left, size))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("mode %v: datagrams of %v, want %v", mode, got, want)
		}
	}
}

// TestAgeIsTheKernels lets a datagram wait in the socket.
func TestAgeIsTheKernels(t *testing.T) {
	a, b := listen(t, Options{}), listen(t, Options{})
	if err := a.Send([]byte("x"), 1, b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond)
	if n, _, _, err := b.Receive(make([]byte, ReceiveBuffer), time.Second); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if b.Age() < 25*time.Millisecond {
		t.Errorf("age %v of a datagram that waited 30 ms", b.Age())
	}
}

// TestWake ends a Receive without datagrams.
func TestWake(t *testing.T) {
	c := listen(t, Options{})
	woken := make(chan error)
	go func() {
		n, _, _, err := c.Receive(make([]byte, ReceiveBuffer), time.Hour)
		if err == nil && n > 0 {
			err = errors.New("datagrams from nowhere")
		}
		woken <- err
	}()
	c.Wake()
	if err := <-woken; err != nil {
		t.Error(err)
	}
	c.Arm()
	go func() {
		_, _, _, err := c.Receive(make([]byte, ReceiveBuffer), time.Hour)
		woken <- err
	}()
	c.Close()
	if err := <-woken; !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestAgesOfABatch has datagrams arrive apart that are received by one call: none is said to be older than it is.
func TestAgesOfABatch(t *testing.T) {
	for _, mode := range []Mode{Auto, Off} {
		a, b := listen(t, Options{Offload: mode}), listen(t, Options{Offload: mode})
		start := time.Now()
		for range batch {
			p := binary.BigEndian.AppendUint64(nil, uint64(time.Since(start)))
			if err := a.Send(p, len(p), b.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		buf := make([]byte, ReceiveBuffer)
		for got := 0; got < batch; {
			n, size, _, err := b.Receive(buf, time.Second)
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			came := time.Since(start) - b.Age()
			for p := buf[:n]; len(p) > 0; p = p[size:] {
				if sent := time.Duration(binary.BigEndian.Uint64(p)); came < sent-together {
					t.Errorf("mode %v: arrived %v before it was sent", mode, sent-came)
				}
				got++
			}
		}
	}
}
