package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSpecSet(t *testing.T) {
	base := Spec{QueueTime: 50 * time.Millisecond, ReorderDelay: 5 * time.Millisecond, PolicerBurst: 64 << 10}
	with := func(change func(*Spec)) Spec {
		s := base
		change(&s)
		return s
	}
	for _, c := range []struct {
		list string
		want Spec
	}{
		{"", base},
		{"rate=2.5gbit, rtt=100ms", with(func(s *Spec) { s.Rate, s.Delay = 2.5e9, 50*time.Millisecond })},
		{"rate=300mbit,loss=1%", with(func(s *Spec) { s.Rate, s.Loss = 300e6, 0.01 })},
		{"queue=2MB", with(func(s *Spec) { s.QueueBytes = 2 << 20 })},
		{"queue=1500,queue=20ms", with(func(s *Spec) { s.QueueTime = 20 * time.Millisecond })},
		{"ge=0.5%/20%/100%/0", with(func(s *Spec) { s.GE = &GE{P: 0.005, R: 0.2, LossB: 1} })},
		{"ge=1%/1%/1/0,ge=0", base},
		{"loss=1%,ba.loss=10%,ab.queue=3ms", with(func(s *Spec) { s.Loss, s.QueueTime = 0.01, 3*time.Millisecond })},
		{"policer=100mbit/30000", with(func(s *Spec) { s.Policer, s.PolicerBurst = 100e6, 30000 })},
		{"jitter=10ms,jitterdist=normal,jittermix=true",
			with(func(s *Spec) { s.Jitter, s.JitterNormal, s.JitterMix = 10*time.Millisecond, true, true })},
		{"reorder=5%,reorderdelay=2ms,dup=0.1,lossat=ingress,overhead=38", with(func(s *Spec) {
			s.Reorder, s.ReorderDelay, s.Dup, s.LossIngress, s.Overhead = 0.05, 2*time.Millisecond, 0.1, true, 38
		})},
	} {
		s := defaultSpec()
		if err := s.Set("ab", c.list); err != nil {
			t.Errorf("%q: %v", c.list, err)
		}
		if d := cmp.Diff(c.want, s); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.list, d)
		}
	}
}

func TestSpecRefuses(t *testing.T) {
	for _, list := range []string{"rate=fast", "rate=-1mbit", "loss=101%", "loss=-1", "ge=1%/1%", "queue=",
		"jitterdist=pareto", "lossat=here", "speed=1",
		"policer=fast", "policer=1mbit/-1", "up.loss=1%", "ba.loss=101%", "ba.speed=1"} {
		s := defaultSpec()
		if err := s.Set("ab", list); err == nil {
			t.Errorf("%q is taken: %v", list, s)
		}
	}
}

func TestMeanLoss(t *testing.T) {
	g := GE{P: 0.005, R: 0.195, LossB: 1}
	if got := g.MeanLoss(); got < 0.02499 || got > 0.02501 {
		t.Errorf("mean loss %v, want 0.025", got)
	}
}
