package admission

import "testing"

func TestStrangers(t *testing.T) {
	s := NewStrangers(3, 2)
	for i, step := range []struct {
		leave bool
		ip    string
		want  bool
	}{
		{ip: "a", want: true},
		{ip: "a", want: true},
		{ip: "a", want: false}, // too many of one address
		{ip: "b", want: true},
		{ip: "c", want: false}, // too many in all
		{leave: true, ip: "a"},
		{ip: "c", want: true},
		{leave: true, ip: "b"},
		{ip: "a", want: true},
	} {
		if step.leave {
			s.Leave(step.ip)
			continue
		}
		if got := s.Admit(step.ip); got != step.want {
			t.Errorf("step %d: admit %s = %v", i, step.ip, got)
		}
	}
	for _, ip := range []string{"a", "a", "c"} {
		s.Leave(ip)
	}
	if len(s.byIP) != 0 || s.total != 0 {
		t.Errorf("left over: %d, %v", s.total, s.byIP)
	}
}
