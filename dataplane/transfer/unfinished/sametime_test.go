package unfinished

import "testing"

func TestSameTimeKnowsTimesOfBrowsers(t *testing.T) {
	const at = int64(1_700_000_000_123_456_789)
	for _, c := range []struct {
		a, b int64
		want bool
	}{
		{at, at, true}, {at, at / 1e6 * 1e6, true}, {at / 1e6 * 1e6, at, true}, {at, at + 1, false},
		{at / 1e6 * 1e6, at/1e6*1e6 + 1e6, false}, {at/1e6*1e6 + 1e6, at, false}, {at / 1e9 * 1e9, at, false},
		{0, 999_999, true}, {0, -1, false},
	} {
		if got := SameTime(c.a, c.b); got != c.want {
			t.Errorf("%d and %d: %v", c.a, c.b, got)
		}
	}
}
