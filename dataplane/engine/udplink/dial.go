package udplink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"faspex.io/operator/dataplane/batchio"
	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/wire"
)

// The hello train: probeCount datagrams of the least size measure the bottleneck, then two of each
// larger size find the largest that crosses. A repetition sends the sizes only.
const (
	probeCount  = 96
	leastProbes = 8
	mostTrains  = 3           // that measure
	helloRetry  = time.Second // longer than any path's round trip, so that no train is measured by another's answers
	mostRetry   = 2 * time.Second
)

// helloTrain is what is known of a train of hellos that was sent.
type helloTrain struct {
	number uint64 // an unpredictable one that stands for the time; the answers bring it back
	sent   time.Duration
}

// Dial opens a link to a registered session at addr ("host:port"): it sends authenticated
// hellos of growing size until they are answered or ctx ends; the error then says that the
// UDP port of the host does not answer, and wraps an Obstacle if the reason is known here.
func Dial(ctx context.Context, addr string, cfg engine.Config, o Options) (engine.Link, error) {
	cfg, err := cfg.WithDefaults()
	if err != nil {
		return nil, fmt.Errorf("dial udp %s: %w", addr, err)
	}
	o, bo, err := o.normal()
	if err != nil {
		return nil, fmt.Errorf("dial udp %s: %w", addr, err)
	}
	server, err := resolve(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("dial udp %s: %w", addr, err)
	}
	network, overhead := "udp4", 28
	if server.Addr().Is6() {
		network, overhead = "udp6", 48
	}
	conn, err := batchio.Listen(network, ":0", bo)
	if err != nil {
		return nil, fmt.Errorf("dial udp %s: %w", addr, err)
	}
	keys, err := newLinkKeys(&cfg, wire.DirLinkClient, wire.DirLinkServer)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("dial udp %s: %w", addr, err)
	}
	l := &clientLink{conn: conn, cfg: cfg, server: server, keys: keys, scratch: make([]byte, 0, trainBuffer)}
	l.path = engine.Path{Overhead: overhead, RemoteAddr: server.String(), LocalAddr: conn.LocalAddr().String()}
	if err := l.handshake(ctx, o.MaxDatagram); err != nil {
		conn.Close()
		host, port, _ := net.SplitHostPort(addr)
		return nil, fmt.Errorf("UDP port %s of host %s does not answer: %w", port, host,
			errors.Join(err, obstacle(ctx, server)))
	}
	return l, nil
}

// resolve finds the first address of a host.
func resolve(ctx context.Context, addr string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return netip.AddrPort{}, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(addrs[0].Unmap(), uint16(number)), nil
}

// answers is what came back from a hello train.
type answers struct {
	n, size int
	token   uint64
	rtt     time.Duration
	lastSeq bool

	sent [256]helloTrain // by the high byte of their hellos' numbers

	up, down       dispersion       // of the last train that was to measure
	seen           [probeCount]bool // which of its hellos were answered
	upBps, downBps int64            // what the trains measured, 0 is nothing
	trains         int              // how many there were
	measuring      uint16           // the number of its first hello
}

// measured says that the path's capacity is known, or will not be by another train. A full buffer takes most of one,
// and what is left tells what this flow got instead of what there is; the next may find room. And when both directions
// differ, a machine may have been away for longer than the train takes: the next tells.
func (a *answers) measured() bool {
	whole := a.upBps > 0 && a.downBps > 0 && len(a.down.arrivals) >= probeCount/2
	return a.trains == mostTrains || whole && (alike(a.upBps, a.downBps) || a.trains > 1)
}

// handshake sends hellos until some are answered, and answers with what it measured.
func (l *clientLink) handshake(ctx context.Context, most int) error {
	sizes := make([]int, 0, len(wire.CommonSizes))
	for _, s := range wire.CommonSizes {
		if s <= most && s > wire.MinDatagram {
			sizes = append(sizes, s)
		}
	}
	var a answers
	buf := make([]byte, trainBuffer)
	retry := helloRetry
	// When only the least size was answered the larger ones may just be late: ask once more.
	late := func() bool { return a.size == wire.MinDatagram && len(sizes) > 0 }
	for round, again := 0, false; a.n == 0 || !a.measured() || late() && !again; round++ {
		count := 2
		if again = a.n > 0; round == 0 || again && !a.measured() {
			count = probeCount
			a.trains++
			a.up, a.down = dispersion{overhead: l.path.Overhead}, dispersion{overhead: l.path.Overhead}
			a.seen = [probeCount]bool{}
			a.measuring = uint16(round) << 8
		}
		number, err := random64(l.cfg.Rand)
		if err != nil {
			return err
		}
		a.sent[byte(round)] = helloTrain{number, l.cfg.Clock.Now()}
		last, err := l.sendHellos(uint16(round)<<8, count, sizes, number)
		if err != nil {
			return err
		}
		if err := l.collect(ctx, &a, buf, last, retry); err != nil {
			return err
		}
		a.upBps, a.downBps = max(a.upBps, a.up.bps(leastProbes)), max(a.downBps, a.down.bps(leastProbes))
		retry = min(2*retry, mostRetry)
	}
	l.path.MaxDatagram, l.path.RTT = a.size, a.rtt
	l.path.CapacityBps, l.path.BeyondBps = usable(uint64(likely(a.upBps, a.downBps)), l.cfg.Rate)
	l.ready = wire.Link{Kind: wire.LinkReady, Token: a.token, Size: uint16(a.size),
		UpBps: uint64(a.upBps), DownBps: uint64(likely(a.downBps, a.upBps)),
		RTTMicro: uint64(a.rtt.Microseconds())}
	now := l.cfg.Clock.Now()
	l.proof.begin(now, a.rtt)
	return l.tick(now)
}

// sendHellos sends a train whose datagrams are numbered from seq on, and returns the number of the last.
func (l *clientLink) sendHellos(seq uint16, count int, sizes []int, number uint64) (last uint16, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b []byte
	hello := func(size int) error {
		var err error
		b, err = l.keys.append(b, &wire.Link{Kind: wire.LinkHello, Seq: seq, Size: uint16(size), Time: number}, size)
		seq++
		return err
	}
	for range count {
		if err := hello(wire.MinDatagram); err != nil {
			return 0, err
		}
	}
	if err := l.conn.Send(b, wire.MinDatagram, l.server); err != nil {
		return 0, err
	}
	for _, size := range sizes {
		for range 2 {
			b = b[:0]
			if err := hello(size); err != nil {
				return 0, err
			}
			if l.conn.Send(b, size, l.server) != nil {
				return seq - 1, nil // larger than the device carries
			}
		}
	}
	return seq - 1, nil
}

// collect takes answers until the last hello's, or a while after the first.
func (l *clientLink) collect(ctx context.Context, a *answers, buf []byte, last uint16, retry time.Duration) error {
	end := l.cfg.Clock.Now() + retry
	heard := false
	for a.lastSeq = false; !a.lastSeq; {
		now := l.cfg.Clock.Now()
		if now >= end {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, size, _, err := l.conn.Receive(buf, min(end-now, 20*time.Millisecond))
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		now = l.cfg.Clock.Now() - l.conn.Age()
		for p := buf[:n]; len(p) > 0; {
			d := p[:min(size, len(p))]
			p = p[len(d):]
			var m wire.Link
			if !isLink(d) || l.keys.parse(&m, d, l.scratch) != nil || m.Kind != wire.LinkAnswer || int(m.Size) != len(d) {
				l.forged.Add(1)
				continue
			}
			// Who has not got the hello does not know the number, whatever address the answer comes from.
			train := a.sent[m.Seq>>8]
			if train.number == 0 || m.Time != train.number {
				l.forged.Add(1)
				continue
			}
			rtt := max(now-train.sent, time.Microsecond)
			if a.n == 0 {
				a.rtt = rtt
			}
			if !heard && m.Seq>>8 == last>>8 {
				heard, end = true, now+max(rtt/4, 10*time.Millisecond)
			}
			end = max(end, now+max(rtt/8, 10*time.Millisecond))
			a.n++
			a.token, a.rtt, a.size = m.Token, min(a.rtt, rtt), max(a.size, len(d))
			if place := m.Seq - a.measuring; len(d) == wire.MinDatagram && place < probeCount && !a.seen[place] {
				a.seen[place] = true
				a.up.add(m.Arrival, place)
				a.down.add(uint64(now.Microseconds()), place)
			}
			a.lastSeq = a.lastSeq || m.Seq == last
		}
	}
	return nil
}
