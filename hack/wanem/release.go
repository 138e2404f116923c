package main

import (
	"container/heap"
	"encoding/binary"
	"math"
)

const (
	maxIov  = 130
	maxSegs = 64 // segments merged into one output super-packet
)

// release delivers every packet that is due by now + slack.
func (l *link) release(now int64) {
	limit := now + l.slack
	for {
		for len(l.lates) > 0 && l.lates[0].due <= limit && (l.fn == 0 || l.lates[0].due <= l.peek(0).due) {
			x := heap.Pop(&l.lates).(late)
			l.iov[0].Base = &x.b[0]
			l.iov[0].SetLen(len(x.b))
			l.write(1, 1, len(x.b)-vnetLen, now, x.due)
		}
		if l.fn == 0 || l.peek(0).due > limit {
			return
		}
		// Collect a run of packets that can leave as one super-packet.
		first := l.peek(0)
		n, total := 1, int(first.plen)
		if l.merge && first.partial && first.kind != kindOpaque {
			stop := int64(math.MaxInt64)
			if len(l.lates) > 0 {
				stop = l.lates[0].due
			}
			for n < l.fn && n < maxSegs {
				s := l.peek(n)
				if s.due > limit || s.due > stop || total+int(s.plen)+int(first.hlen) > 65000 ||
					!l.canMerge(first, l.peek(n-1), s, total) {
					break
				}
				total += int(s.plen)
				n++
			}
		}
		l.send(first, n, total, now)
		l.fh = (l.fh + n) & (len(l.fifo) - 1)
		l.fn -= n
		if l.fn > 0 {
			l.head = int(l.peek(0).start)
		}
	}
}

// canMerge reports whether s may follow prev in the super-packet begun by first.
func (l *link) canMerge(first, prev, s *seg, total int) bool {
	if prev.plen != first.gso || s.plen == 0 || s.plen > first.gso || s.kind != first.kind || !s.partial {
		return false
	}
	if s.start == prev.start {
		return s.idx == prev.idx+1
	}
	// Different trains: the headers must agree.
	if s.hlen != first.hlen || s.l4 != first.l4 || (s.nseg > 1 && s.gso != first.gso) {
		return false
	}
	a := l.arena[first.start+vnetLen:][:first.hlen]
	b := l.arena[s.start+vnetLen:][:s.hlen]
	l4 := int(first.l4)
	eq := func(i, j int) bool { return string(a[i:j]) == string(b[i:j]) }
	if first.kind == kindTCP4 || first.kind == kindUDP4 {
		if !eq(0, 2) || !eq(6, 10) || !eq(12, l4) {
			return false
		}
	} else if !eq(0, 4) || !eq(6, 40) {
		return false
	}
	if !eq(l4, l4+4) {
		return false
	}
	if first.kind == kindUDP4 || first.kind == kindUDP6 {
		return true
	}
	// TCP: contiguous, same ack/window/options, plain flags (ACK, PSH last).
	p := l.arena[prev.start+vnetLen:]
	fl := l4 + 13
	if !eq(l4+8, l4+13) || !eq(l4+14, l4+16) || !eq(l4+20, int(first.hlen)) || a[fl]&^0x18 != 0 || b[fl]&^0x18 != 0 ||
		p[fl]&0x08 != 0 && prev.idx+1 == prev.nseg {
		return false
	}
	fs := binary.BigEndian.Uint32(a[l4+4:]) + uint32(first.idx)*uint32(first.gso)
	ss := binary.BigEndian.Uint32(b[l4+4:]) + uint32(s.idx)*uint32(s.gso)
	return ss == fs+uint32(total)
}

// send writes n consecutive FIFO packets starting with first.
func (l *link) send(first *seg, n, total int, now int64) {
	due := first.due
	size := n*int(first.hlen) + total
	if n == int(first.nseg) && first.idx == 0 && l.peek(n-1).start == first.start {
		// A whole train, unmodified.
		l.iov[0].Base = &l.arena[first.start]
		l.iov[0].SetLen(vnetLen + int(first.hlen) + total)
		l.write(1, n, size, now, due)
		return
	}
	h := l.hdr[:vnetLen+int(first.hlen)]
	copy(h, l.arena[first.start:])
	last := l.peek(n - 1)
	patch(h, first, n, total, last.idx+1 == last.nseg)
	if last.start != first.start && (first.kind == kindTCP4 || first.kind == kindTCP6) && last.idx+1 == last.nseg {
		h[vnetLen+int(first.l4)+13] |= l.arena[last.start+vnetLen+uint32(first.l4)+13] & 0x08 // PSH
	}
	l.iov[0].Base = &h[0]
	l.iov[0].SetLen(len(h))
	k, from, to := 0, uint32(0), uint32(0) // the current iovec is arena[from:to]
	for i := range n {
		s := l.peek(i)
		if s.plen == 0 {
			continue
		}
		if k == 0 || s.pay != to {
			k++
			from = s.pay
			l.iov[k].Base = &l.arena[from]
		}
		to = s.pay + uint32(s.plen)
		l.iov[k].SetLen(int(to - from))
	}
	l.write(k+1, n, size, now, due)
}

func (l *link) write(niov, pkts, size int, now, due int64) {
	_, e := rawWritev(l.out, l.iov[:niov])
	c := &l.c
	c.OutWrites++
	if e != 0 {
		c.OutErrors++
		return
	}
	c.OutPkts += uint64(pkts)
	c.OutBytes += uint64(size)
	if c.firstOut == 0 {
		c.firstOut = now
	}
	c.lastOut = now
	d := max(now-due, 0)
	c.lateMax = max(c.lateMax, d)
	k := 0
	for x := d / 1000; x > 0 && k < len(c.lateHist)-1; x >>= 1 {
		k++
	}
	c.lateHist[k] += uint64(pkts)
}
