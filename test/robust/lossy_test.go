package robust

import (
	"path/filepath"
	"testing"
)

const (
	mixing = "reorder=20%,reorderdelay=12ms,dup=5%,jitter=4ms,jittermix=true"
	bursts = "ge=1%/20%/100%/0"
)

// TestLossy transfers one large and many small files over links that lose, repeat and reorder packets, of the control channel
// too.
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
		t.Run(map[bool]string{true: "upload, ", false: "download, "}[link.upload]+link.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
			files := mixed(51, 6<<20, 400)
			files.write(t, from)
			tree{}.write(t, to)
			pair := emulated(t, "rate=100mbit,rtt=20ms", link.settings...)
			n := startNode(t, pair.B, pair.Address, dir)
			if link.upload {
				n.send(t, ask{at: pair.A}, from, "/to").succeeds(t)
			} else {
				n.receive(t, ask{at: pair.A}, "/from", to).succeeds(t)
			}
			files.complete(t, to)
			n.leaksNothing(t)
		})
	}
}
