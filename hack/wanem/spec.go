package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Spec describes one direction of the emulated path. The order of the stages a
// packet goes through is:
//
//	[loss, if lossAt=ingress] -> policer -> drop-tail queue -> serialisation at Rate
//	-> [loss, if lossAt=wire] -> duplication -> Delay (+Jitter, +reorder) -> out
type Spec struct {
	Rate         float64       // bit/s counted on IP bytes + Overhead; 0 = unlimited
	Delay        time.Duration // one-way propagation delay
	Jitter       time.Duration // amplitude (uniform) or sigma (normal, cut at 3 sigma)
	JitterNormal bool
	JitterMix    bool          // let jitter reorder packets (default: order is kept)
	Loss         float64       // independent loss probability, 0..1
	GE           *GE           // burst loss, applied on top of Loss
	LossIngress  bool          // lose before the queue (netem's order) instead of on the wire
	QueueBytes   int64         // drop-tail limit in bytes (0 = use QueueTime)
	QueueTime    time.Duration // drop-tail limit as queueing time
	Policer      float64       // bit/s of IP bytes above which packets are dropped, not queued; 0 = none
	PolicerBurst int64         // bytes that may pass at once all the same
	Reorder      float64       // probability that a packet is held back by ReorderDelay
	ReorderDelay time.Duration
	Dup          float64 // duplication probability
	Overhead     int     // bytes added to each packet when it is charged against Rate
}

// GE is the Gilbert-Elliott two-state burst loss model, evaluated per packet.
type GE struct {
	P, R         float64 // P(good->bad), P(bad->good)
	LossB, LossG float64 // loss probability in the bad and in the good state
}

// MeanLoss is the model's stationary loss probability.
func (g *GE) MeanLoss() float64 {
	if g.P+g.R == 0 {
		return g.LossG
	}
	b := g.P / (g.P + g.R)
	return b*g.LossB + (1-b)*g.LossG
}

func defaultSpec() Spec {
	return Spec{QueueTime: 50 * time.Millisecond, ReorderDelay: 5 * time.Millisecond, PolicerBurst: 64 << 10}
}

// Set applies a comma separated list of key=value settings to the direction called name: ab or ba. A key with a
// direction before it (ba.loss=10%) is for that one only.
func (s *Spec) Set(name, list string) error {
	for _, kv := range strings.Split(list, ",") {
		kv = strings.TrimSpace(kv)
		if kv == "" {
			continue
		}
		k, v, _ := strings.Cut(kv, "=")
		if only, key, named := strings.Cut(k, "."); named {
			if only != "ab" && only != "ba" {
				return fmt.Errorf("%q: direction %q is neither ab nor ba", kv, only)
			}
			if k = key; only != name {
				var other Spec // it has to be right all the same
				if err := other.set(k, v); err != nil {
					return fmt.Errorf("%q: %w", kv, err)
				}
				continue
			}
		}
		if err := s.set(k, v); err != nil {
			return fmt.Errorf("%q: %w", kv, err)
		}
	}
	return nil
}

func (s *Spec) set(k, v string) (err error) {
	switch k {
	case "rate":
		s.Rate, err = parseRate(v)
	case "rtt": // convenience: half of it in this direction
		s.Delay, err = time.ParseDuration(v)
		s.Delay /= 2
	case "delay":
		s.Delay, err = time.ParseDuration(v)
	case "jitter":
		s.Jitter, err = time.ParseDuration(v)
	case "jitterdist":
		s.JitterNormal = v == "normal"
		if v != "normal" && v != "uniform" {
			err = fmt.Errorf("want uniform or normal")
		}
	case "jittermix":
		s.JitterMix, err = strconv.ParseBool(v)
	case "loss":
		s.Loss, err = parseProb(v)
	case "lossat":
		s.LossIngress = v == "ingress"
		if v != "ingress" && v != "wire" {
			err = fmt.Errorf("want wire or ingress")
		}
	case "ge": // ge=p/r/lossBad/lossGood, e.g. ge=0.2%/20%/100%/0
		f := strings.Split(v, "/")
		if v == "" || v == "0" {
			s.GE = nil
			return nil
		}
		if len(f) != 4 {
			return fmt.Errorf("want p/r/lossBad/lossGood")
		}
		g := &GE{}
		for i, p := range []*float64{&g.P, &g.R, &g.LossB, &g.LossG} {
			if *p, err = parseProb(f[i]); err != nil {
				return err
			}
		}
		s.GE = g
	case "queue": // bytes (64KB, 2MB, 1500) or time (50ms)
		if d, e := time.ParseDuration(v); e == nil {
			s.QueueTime, s.QueueBytes = d, 0
		} else {
			s.QueueBytes, err = parseBytes(v)
		}
	case "policer": // rate or rate/burst, e.g. 100mbit/30000
		rate, burst, given := strings.Cut(v, "/")
		if s.Policer, err = parseRate(rate); err == nil && given {
			s.PolicerBurst, err = parseBytes(burst)
		}
	case "reorder":
		s.Reorder, err = parseProb(v)
	case "reorderdelay":
		s.ReorderDelay, err = time.ParseDuration(v)
	case "dup":
		s.Dup, err = parseProb(v)
	case "overhead":
		s.Overhead, err = strconv.Atoi(v)
	default:
		err = fmt.Errorf("unknown setting")
	}
	return err
}

func (s Spec) String() string {
	q := s.QueueTime.String()
	if s.QueueBytes > 0 {
		q = fmt.Sprintf("%dB", s.QueueBytes)
	}
	out := fmt.Sprintf("rate=%.0f,delay=%v,queue=%s,loss=%g%%", s.Rate, s.Delay, q, s.Loss*100)
	if s.GE != nil {
		out += fmt.Sprintf(",ge=%g/%g/%g/%g", s.GE.P, s.GE.R, s.GE.LossB, s.GE.LossG)
	}
	if s.Policer > 0 {
		out += fmt.Sprintf(",policer=%.0f/%dB", s.Policer, s.PolicerBurst)
	}
	if s.Jitter > 0 {
		out += fmt.Sprintf(",jitter=%v", s.Jitter)
	}
	if s.Reorder > 0 {
		out += fmt.Sprintf(",reorder=%g%%/%v", s.Reorder*100, s.ReorderDelay)
	}
	if s.Dup > 0 {
		out += fmt.Sprintf(",dup=%g%%", s.Dup*100)
	}
	if s.LossIngress {
		out += ",lossat=ingress"
	}
	if s.Overhead > 0 {
		out += fmt.Sprintf(",overhead=%d", s.Overhead)
	}
	return out
}
