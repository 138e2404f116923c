package engine_test

import (
	"time"

	"faspex.io/operator/dataplane/engine/simnet"
)

// tcpControl is the congestion control of a simulated TCP flow. Windows are packets.
type tcpControl interface {
	// acked takes what the acknowledgements of one millisecond say.
	acked(a tcpAck)
	window() float64
	pacing() float64 // packets per second, 0 is unpaced
}

// tcpAck sums up the acknowledgements of a millisecond.
type tcpAck struct {
	now, rtt   time.Duration // rtt is that of the newest packet
	acked      int
	lost       int  // found lost by these acknowledgements
	recovering bool // the loss belongs to a window that was cut already
	flight     int  // still under way
	rate       float64
	limited    bool // the rate is that of packets for which the send buffer was too small
	round      bool // a round trip has passed since the last one that said so
}

// tcpBuffer is how many packets Linux keeps for a flow until all before them are acknowledged: 4 MiB of them and of
// what it needs to manage them (net.ipv4.tcp_wmem).
const tcpBuffer = 2716

type tcpPacket struct {
	sent, acked   time.Duration // acked 0: lost
	limited       bool
	delivered     int           // acknowledged when it was sent
	deliveredTime time.Duration // when that was known
	first         time.Duration // when the packet acknowledged last before it had been sent
}

// tcpHole is a packet that was lost, until what repeats it has arrived.
type tcpHole struct {
	number int
	filled time.Duration
}

// tcpFlow is a bulk TCP flow with selective acknowledgements, in steps of a millisecond, which is also about what
// Linux sends in one go: cross traffic. It returns the megabits delivered in each second until end.
func tcpFlow(ab *simnet.Pipe, rtt, end time.Duration, control tcpControl) []float64 {
	const step = time.Millisecond
	begin := time.Now()
	perSecond := make([]float64, int(end/time.Second)+1)
	var flight []tcpPacket
	var holes []tcpHole
	var now, deliveredTime, first, heard time.Duration
	delivered, roundAt, recoverAt, sentAll, head, limitedTo := 0, 0, 0, 0, 0, 0
	tokens := 0.0
	for now = time.Since(begin); now < end; now = time.Since(begin) {
		a := tcpAck{now: now}
		last := -1
		for i := head; i < len(flight); i++ {
			if p := flight[i]; p.acked > 0 {
				if p.acked > now {
					break
				}
				last = i
			}
		}
		if last >= 0 {
			base := sentAll - len(flight) // the number of flight[0]
			for i, p := range flight[head : last+1] {
				if p.acked == 0 {
					a.lost++
					holes = append(holes, tcpHole{base + head + i, now + flight[last].acked - flight[last].sent})
				} else {
					a.acked++
				}
			}
			p := flight[last]
			delivered += a.acked
			perSecond[now/time.Second] += float64(a.acked) * 1500 * 8 / 1e6
			deliveredTime, heard = now, now
			a.rtt = p.acked - p.sent
			took := max(now-p.deliveredTime, p.sent-p.first, step)
			a.rate = float64(delivered-p.delivered) / took.Seconds()
			a.limited, first = p.limited, p.sent
			if p.delivered >= roundAt {
				roundAt, a.round = delivered, true
			}
			a.recovering = base+last < recoverAt
			if a.lost > 0 && !a.recovering {
				recoverAt = sentAll
			}
			head = last + 1
			if head > 4096 {
				flight = flight[:copy(flight, flight[head:])]
				head = 0
			}
			a.flight = len(flight) - head
			control.acked(a)
		} else if len(flight) > head && now-heard > rtt+200*time.Millisecond { // a retransmission timeout
			a.lost = len(flight) - head
			flight, holes, head, heard, recoverAt = flight[:0], nil, 0, now, sentAll
			control.acked(a)
		}
		budget := control.window() - float64(len(flight)-head)
		if rate := control.pacing(); rate > 0 {
			tokens = min(tokens+rate*step.Seconds(), 2*rate*step.Seconds()+2)
			budget = min(budget, tokens)
		}
		for len(holes) > 0 && holes[0].filled <= now {
			holes = holes[1:]
		}
		unacknowledged := len(flight) - head
		if len(holes) > 0 {
			unacknowledged = sentAll - holes[0].number
		}
		if room := float64(tcpBuffer - unacknowledged); room < budget {
			budget, limitedTo = room, delivered+len(flight)-head
		}
		if len(flight) == head {
			first, deliveredTime = now, now
		}
		for ; budget >= 1; budget-- {
			p := tcpPacket{sent: now, delivered: delivered, deliveredTime: deliveredTime, first: first,
				limited: delivered < limitedTo}
			if at, _ := ab.Transmit(1500); !at.IsZero() {
				p.acked = at.Sub(begin) + rtt/2
			}
			flight = append(flight, p)
			sentAll++
			tokens--
		}
		time.Sleep(step)
	}
	return perSecond
}
