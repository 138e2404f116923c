package admission

import (
	"fmt"
	"testing"
)

// arrival is one step of a test: whom a newcomer's place is taken from.
type arrival struct {
	ip       string
	admitted bool
	// drops is the number of the arrival that loses its place, counted from 1; 0 is none.
	drops int
}

func TestStrangersShareTheirPlaces(t *testing.T) {
	for name, steps := range map[string][]arrival{
		"an address has a share": {{"192.0.2.1", true, 0}, {"192.0.2.1", true, 0}, {"192.0.2.1", true, 0},
			{"192.0.2.1", false, 0}},
		"the fattest address loses its oldest": {
			{"192.0.2.1", true, 0}, {"198.51.100.1", true, 0}, {"192.0.2.1", true, 0}, {"192.0.2.1", true, 0},
			{"203.0.113.1", true, 1},
			{"203.0.113.2", true, 3},
		},
		"an address of the same network is no worse off": {
			{"192.0.2.1", true, 0}, {"192.0.2.1", true, 0}, {"192.0.2.1", true, 0}, {"192.0.2.9", true, 0},
			{"192.0.2.10", true, 1},
		},
		"many addresses of one network are one": {
			{"198.51.100.1", true, 0}, {"192.0.2.1", true, 0}, {"192.0.2.2", true, 0}, {"192.0.2.3", true, 0},
			{"192.0.2.4", true, 2},
			{"203.0.113.1", true, 3},
		},
		"all alike: the oldest goes": {
			{"192.0.2.1", true, 0}, {"198.51.100.1", true, 0}, {"203.0.113.1", true, 0}, {"10.0.0.1", true, 0},
			{"10.0.1.1", true, 1},
		},
		"64 bits of IPv6 are one address": {
			{"2001:db8::1", true, 0}, {"2001:db8::2", true, 0}, {"2001:db8::ffff", true, 0}, {"2001:db8::4", false, 0},
			{"2001:db8:0:1::1", true, 0},
		},
		"IPv4 in IPv6 is IPv4": {{"192.0.2.1", true, 0}, {"::ffff:192.0.2.1", true, 0}, {"::ffff:192.0.2.1", true, 0},
			{"192.0.2.1", false, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewStrangers(4, 3)
			var dropped int
			var all []*Stranger
			for i, step := range steps {
				dropped = 0
				x := s.Admit(step.ip, func() { dropped = i + 1 })
				if (x != nil) != step.admitted || dropped != step.drops {
					t.Fatalf("arrival %d from %s: admitted %v, takes the place of %d, want %+v", i+1, step.ip, x != nil, dropped, step)
				}
				if x != nil {
					all = append(all, x)
				}
			}
			for _, x := range all {
				x.Leave()
				x.Leave()
			}
			if len(s.open)+len(s.byHost)+len(s.byNetwork) != 0 {
				t.Errorf("left over: %v, %v, %v", s.open, s.byHost, s.byNetwork)
			}
		})
	}
}

func TestStrangersAreNeverMoreThanTheLimit(t *testing.T) {
	s := NewStrangers(50, 5)
	open := 0
	for i := range 5000 {
		ip := fmt.Sprintf("10.%d.%d.%d", i%3, i%7, i%11)
		if s.Admit(ip, func() { open-- }) != nil {
			open++
		}
		if open != len(s.open) || open > 50 {
			t.Fatalf("%d connections after %d arrivals, %d are counted", open, i+1, len(s.open))
		}
	}
}
