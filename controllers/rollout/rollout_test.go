package rollout

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPlan(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	limits := func(most, machines int) Limits {
		return Limits{MaxUnavailable: most, Deadline: time.Hour, Machines: machines}
	}
	old := func(name string) Pod {
		return Pod{Name: name, Machine: name, Outdated: true, Ready: true, Running: true}
	}
	fresh := func(name string) Pod { return Pod{Name: name, Machine: name, Ready: true, Running: true} }
	with := func(p Pod, change func(*Pod)) Pod { change(&p); return p }
	draining := func(p Pod, since time.Duration, sessions int) Pod {
		return with(p, func(p *Pod) { p.Draining, p.Sessions, p.Ready = ago(since), sessions, false })
	}
	for _, test := range []struct {
		name   string
		limits Limits
		pods   []Pod
		want   []Step
	}{
		{"nothing to do", limits(1, 2), []Pod{fresh("a"), fresh("b")}, nil},
		{"one after the other", limits(1, 3), []Pod{old("b"), old("a"), old("c")}, []Step{{Drain, "a"}}},
		{"two at a time", limits(2, 3), []Pod{old("a"), old("b"), old("c")}, []Step{{Drain, "a"}, {Drain, "b"}}},
		{"sessions run", limits(1, 2), []Pod{draining(old("a"), time.Minute, 3), old("b")}, nil},
		{"sessions have ended", limits(1, 2), []Pod{draining(old("a"), time.Minute, 0), old("b")}, []Step{{Replace, "a"}}},
		{"deadline", limits(1, 2), []Pod{draining(old("a"), time.Hour, 3), old("b")}, []Step{{Replace, "a"}}},
		{"still given work", limits(1, 1), []Pod{with(draining(old("a"), time.Second, 0), func(p *Pod) { p.Ready = true })}, nil},
		{"does not know the order", limits(1, 1),
			[]Pod{with(draining(old("a"), 4*time.Minute, 0), func(p *Pod) { p.Ready = true })}, []Step{{Replace, "a"}}},
		{"pod being made", limits(1, 2), []Pod{old("b")}, nil},
		{"new pod not ready", limits(1, 2), []Pod{with(fresh("a"), func(p *Pod) { p.Ready = false }), old("b")}, nil},
		{"old pod that is broken goes first", limits(1, 2),
			[]Pod{old("a"), with(old("b"), func(p *Pod) { p.Ready, p.Running = false, false })}, []Step{{Replace, "b"}}},
		{"old pod that is not ready is drained whatever the others are", limits(1, 2),
			[]Pod{with(old("a"), func(p *Pod) { p.Ready = false }), old("b")}, []Step{{Drain, "a"}}},
		{"cordoned machine", limits(1, 2), []Pod{with(fresh("a"), func(p *Pod) { p.Cordoned = true }), fresh("b")},
			[]Step{{Drain, "a"}}},
		{"cordoned machine stays and takes a slot", limits(1, 2),
			[]Pod{with(draining(old("a"), 2*time.Hour, 0), func(p *Pod) { p.Cordoned = true }), old("b")}, nil},
		{"uncordoned machine", limits(1, 2), []Pod{draining(fresh("a"), time.Hour, 0), fresh("b")}, []Step{{Undrain, "a"}}},
	} {
		if diff := cmp.Diff(test.want, Plan(now, test.limits, test.pods)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
