package main

import "fmt"

// Counters of one direction. Packets are wire packets, bytes are IP bytes.
type Counters struct {
	InPkts      uint64  `json:"in_pkts"`
	InBytes     uint64  `json:"in_bytes"`
	InReads     uint64  `json:"in_reads"` // TUN reads: InPkts/InReads = mean super-packet size
	OutPkts     uint64  `json:"out_pkts"`
	OutBytes    uint64  `json:"out_bytes"`
	OutWrites   uint64  `json:"out_writes"`
	OutErrors   uint64  `json:"out_errors"`
	DropQueue   uint64  `json:"drop_queue"`    // drop-tail
	DropPolicer uint64  `json:"drop_policer"`  // above the policer's rate
	DropLoss    uint64  `json:"drop_loss"`     // random + burst loss
	DropNoMem   uint64  `json:"drop_nomem"`    // arena full: emulator undersized, must be 0
	Dup         uint64  `json:"dup"`           // extra copies made
	Reordered   uint64  `json:"reordered"`     // sent out of FIFO order
	QueueMaxMs  float64 `json:"queue_max_ms"`  // largest queueing delay met by a packet
	QueueMeanMs float64 `json:"queue_mean_ms"` // mean queueing delay
	LateP50us   float64 `json:"late_p50_us"`   // how late packets left, against their due time
	LateP99us   float64 `json:"late_p99_us"`
	LateMaxus   float64 `json:"late_max_us"`
	LossPct     float64 `json:"loss_pct"` // DropLoss/InPkts
	InMbps      float64 `json:"in_mbps"`  // between the first and the last packet
	OutMbps     float64 `json:"out_mbps"`
	Worthless   string  `json:"worthless"` // why the figures say little of the path that was asked for, or ""

	qSum     float64
	qN       uint64
	lateHist [40]uint64
	lateMax  int64
	firstIn  int64
	lastIn   int64
	firstOut int64
	lastOut  int64
}

// snapshot returns the counters with the derived values filled in.
func (l *link) snapshot() Counters {
	c := l.c
	if c.qN > 0 {
		c.QueueMeanMs = c.qSum / float64(c.qN)
	}
	if c.InPkts > 0 {
		c.LossPct = 100 * float64(c.DropLoss) / float64(c.InPkts)
	}
	if d := c.lastIn - c.firstIn; d > 0 {
		c.InMbps = float64(c.InBytes) * 8e3 / float64(d)
	}
	if d := c.lastOut - c.firstOut; d > 0 {
		c.OutMbps = float64(c.OutBytes) * 8e3 / float64(d)
	}
	q := func(f float64) float64 {
		var n uint64
		for k, v := range c.lateHist {
			n += v
			if float64(n) >= f*float64(c.OutPkts) {
				return float64(uint64(1) << k) // upper edge of the bucket
			}
		}
		return 0
	}
	c.LateP50us, c.LateP99us, c.LateMaxus = q(.5), q(.99), float64(c.lateMax)/1e3
	if most := l.spec.mostLate(); c.LateP99us > most {
		c.Worthless = fmt.Sprintf("the emulator was late: %.1f ms for 1 %% of the packets, at most %.1f are allowed",
			c.LateP99us/1e3, most/1e3)
	}
	return c
}

// How late 1 % of the packets may leave, in microseconds. What is late was in no queue of the path, but the ends take it
// for one, so a shallow queue allows less.
const (
	mostLate  = 2500.0
	leastLate = 600.0 // the resolution is a third of it
)

func (s *Spec) mostLate() float64 {
	queue := float64(s.QueueTime) / 1e3
	if s.QueueBytes > 0 && s.Rate > 0 {
		queue = float64(s.QueueBytes) * 8e6 / s.Rate
	}
	if s.Rate == 0 {
		return mostLate // nothing queues
	}
	return min(max(queue/2, leastLate), mostLate)
}
