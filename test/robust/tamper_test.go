package robust

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// TestTampered damages, cuts, repeats, replays and forges datagrams of both directions, a tenth of them in all.
func TestTampered(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, upload bool) {
		e := newErrand(t, mixed(11, 24<<20, 300), upload, here, "127.0.0.1")
		n, m := e.node, &meddler{rng: rand.New(rand.NewPCG(11, 3))}
		a := ask{relay: newRelay(t, n), flags: []string{"-l", "200M"}}
		a.relay.meddleWith(m.meddle)
		e.run(t, a).succeeds(t)
		e.files.complete(t, e.to)
		n.endsSession(t)
		n.leaksNothing(t)
		a.relay.meddleWith(nil)
		forged, replayed := n.logged("forged"), n.logged("replayed")
		t.Logf("%d datagrams, %d damaged or forged, %d repeated; the node counts %d and %d", m.seen, m.damaged, m.repeated,
			forged, replayed)
		if forged == 0 || replayed == 0 {
			t.Errorf("the node counts %d forged and %d replayed packets", forged, replayed)
		}
		if n.moves() > 0 {
			t.Error("the node follows to another address")
		}
	})
}

// meddler damages datagrams.
type meddler struct {
	rng                     *rand.Rand
	kept                    [2][][]byte // of each direction, to be replayed
	seen, damaged, repeated int
}

func (m *meddler) meddle(w way, d []byte) [][]byte {
	m.seen++
	i := 0
	if w == up {
		i = 1
	}
	if len(m.kept[i]) < 64 {
		m.kept[i] = append(m.kept[i], bytes.Clone(d))
	} else {
		m.kept[i][m.rng.IntN(64)] = bytes.Clone(d)
	}
	old := m.kept[i][m.rng.IntN(len(m.kept[i]))]
	switch m.rng.IntN(60) {
	case 0: // one bit
		m.damaged++
		b := bytes.Clone(d)
		b[m.rng.IntN(len(b))] ^= 1 << m.rng.IntN(8)
		return [][]byte{b}
	case 1: // the end is missing
		m.damaged++
		return [][]byte{d[:m.rng.IntN(len(d))]}
	case 2: // longer than it was
		m.damaged++
		return [][]byte{append(bytes.Clone(d), old[:m.rng.IntN(100)%len(old)]...)}
	case 3: // twice
		m.repeated++
		return [][]byte{d, d}
	case 4: // again, later
		m.repeated++
		return [][]byte{d, old}
	case 5: // the header of one, the body of another
		m.damaged++
		b := bytes.Clone(old)
		copy(b, d[:min(len(d), len(b), 9)])
		return [][]byte{d, b}
	case 6: // noise under a header that is right, with a number that is far ahead
		m.damaged++
		b := make([]byte, len(d))
		for i := range b {
			b[i] = byte(m.rng.Uint32())
		}
		copy(b, d[:min(len(d), 5)])
		if len(b) >= 9 {
			binary.BigEndian.PutUint32(b[5:], binary.BigEndian.Uint32(d[5:])+uint32(m.rng.IntN(1<<20)))
		}
		return [][]byte{b, d}
	}
	return [][]byte{d}
}
