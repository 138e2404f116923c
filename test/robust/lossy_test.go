package robust

import "testing"

const (
	mixing = "reorder=20%,reorderdelay=12ms,dup=5%,jitter=4ms,jittermix=true"
	bursts = "ge=1%/20%/100%/0"
)

// TestLossy transfers one large and many small files over links that lose, repeat and reorder
// packets, of the control channel too.
func TestLossy(t *testing.T) {
	t.Parallel()
	links := []struct {
		name     string
		upload   bool
		soak     bool
		settings []string
	}{
		{"data lost", true, false, []string{"-ab", "loss=20%"}},
		{"data lost", false, true, []string{"-ba", "loss=20%"}},
		{"reports lost", false, false, []string{"-ab", "loss=20%"}},
		{"reports lost", true, true, []string{"-ba", "loss=20%"}},
		{"both lost", true, true, []string{"-ab", "loss=20%", "-ba", "loss=20%"}},
		{"both lost", false, true, []string{"-ab", "loss=20%", "-ba", "loss=20%"}},
		{"reordered", true, false, []string{"-ab", mixing, "-ba", mixing}},
		{"reordered", false, true, []string{"-ab", mixing, "-ba", mixing}},
		{"bursts", false, false, []string{"-ab", bursts, "-ba", bursts}},
		{"bursts", true, true, []string{"-ab", bursts, "-ba", bursts}},
	}
	for _, link := range links {
		if link.soak && !*soak {
			continue
		}
		t.Run(direction(link.upload)+", "+link.name, func(t *testing.T) {
			t.Parallel()
			pair := emulated(t, "rate=100mbit,rtt=20ms", link.settings...)
			e := newErrand(t, mixed(51, 6<<20, 400), link.upload, pair.B, pair.Address)
			e.run(t, ask{at: pair.A}).succeeds(t)
			e.files.complete(t, e.to)
			e.node.leaksNothing(t)
		})
	}
}
