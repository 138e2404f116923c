package engine_test

import (
	"math"
	"time"
)

// tcpCubic is CUBIC (RFC 9438) with fast convergence and HyStart's delay test (RFC 9406), as in Linux.
type tcpCubic struct {
	cwnd, most, k, friendly float64
	epoch, minRTT           time.Duration
	congested               bool // past slow start
}

func newCubic() *tcpCubic { return &tcpCubic{cwnd: 10} }

func (c *tcpCubic) window() float64 { return c.cwnd }
func (c *tcpCubic) pacing() float64 { return 0 }

func (c *tcpCubic) acked(a tcpAck) {
	switch {
	case a.acked == 0:
		c.most, c.cwnd, c.congested, c.epoch = c.cwnd, 10, false, 0
		return
	case a.lost > 0 && !a.recovering:
		if c.cwnd < c.most {
			c.most = c.cwnd * (1 + 0.7) / 2
		} else {
			c.most = c.cwnd
		}
		c.cwnd = max(0.7*c.cwnd, 2)
		c.congested, c.epoch = true, 0
		return
	case a.lost > 0 || a.recovering:
		return
	}
	if c.minRTT == 0 || a.rtt < c.minRTT {
		c.minRTT = a.rtt
	}
	if !c.congested {
		c.cwnd += float64(a.acked)
		c.congested = a.rtt > c.minRTT+min(max(c.minRTT/8, 4*time.Millisecond), 16*time.Millisecond)
		return
	}
	if c.epoch == 0 {
		c.epoch, c.friendly = a.now, c.cwnd
		c.most = max(c.most, c.cwnd)
		c.k = math.Cbrt((c.most - c.cwnd) / 0.4)
	}
	t := (a.now + c.minRTT - c.epoch).Seconds() - c.k
	target := c.most + 0.4*t*t*t
	c.friendly += 3 * 0.3 / 1.7 * float64(a.acked) / c.cwnd
	c.cwnd += min(max(target-c.cwnd, c.friendly-c.cwnd, 0.01)/c.cwnd, 0.5) * float64(a.acked)
}
