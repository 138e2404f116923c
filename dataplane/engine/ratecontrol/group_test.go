package ratecontrol

import (
	"testing"
	"time"
)

func TestGroupDealsByWeight(t *testing.T) {
	tests := []struct {
		name    string
		total   int64
		weights []float64
		wants   []int64
		parts   []int64
	}{
		{"no limit", 0, []float64{1, 1}, []int64{5e6, 5e6}, []int64{0, 0}},
		{"equal", 100e6, []float64{1, 1}, []int64{90e6, 90e6}, []int64{50e6, 50e6}},
		{"by weight", 100e6, []float64{2, 1, 1}, []int64{90e6, 90e6, 90e6}, []int64{50e6, 25e6, 25e6}},
		{"one cannot use its part", 100e6, []float64{1, 1, 2}, []int64{8e6, 200e6, 200e6}, []int64{10e6, 30e6, 60e6}},
		{"nobody needs it all", 100e6, []float64{1, 1}, []int64{8e6, 16e6}, []int64{10e6, 20e6}},
	}
	for _, tt := range tests {
		g := NewGroup(tt.total)
		members := make([]*Member, len(tt.weights))
		for i, w := range tt.weights {
			members[i] = g.Join(w)
		}
		for round := range 2 {
			now := time.Second * time.Duration(round+1)
			for i, m := range members {
				if got := m.Part(now+time.Duration(i)*dealEvery, tt.wants[i]); round == 1 && got != tt.parts[i] {
					t.Errorf("%s: flow %d may send %d, want %d", tt.name, i, got, tt.parts[i])
				}
			}
		}
	}
}

func TestGroupLeave(t *testing.T) {
	g := NewGroup(60e6)
	a, b := g.Join(1), g.Join(1)
	a.Part(time.Second, 100e6)
	if got := b.Part(2*time.Second, 100e6); got != 30e6 {
		t.Errorf("beside another: %d", got)
	}
	a.Leave()
	if got := b.Part(3*time.Second, 100e6); got != 60e6 {
		t.Errorf("alone: %d", got)
	}
	g.SetTotal(20e6)
	if got := b.Part(4*time.Second, 100e6); got != 20e6 {
		t.Errorf("after the total changed: %d", got)
	}
}
