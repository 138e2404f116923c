package main

import (
	"math"
	"testing"
	"time"
)

func TestJain(t *testing.T) {
	for _, c := range []struct {
		rates []float64
		want  float64
	}{
		{[]float64{5, 5, 5, 5}, 1}, {[]float64{8, 0, 0, 0}, 0.25}, {[]float64{1, 2, 3}, 36.0 / 42}, {[]float64{0, 0}, 0},
	} {
		if got := (outcome{rates: c.rates}).jain(); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", c.rates, got, c.want)
		}
	}
}

func TestRateBetween(t *testing.T) {
	at := time.Unix(1000, 0)
	s := series{{at, 0}, {at.Add(10 * time.Second), 1000}, {at.Add(20 * time.Second), 1500}}
	if got := s.rate(at.Add(5*time.Second), at.Add(15*time.Second)); got != 600 {
		t.Errorf("%v bits a second, want 600", got)
	}
	if got := s.rate(at.Add(30*time.Second), at.Add(40*time.Second)); got != 0 {
		t.Errorf("%v bits a second after the end, want 0", got)
	}
}
