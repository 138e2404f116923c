package chunk

import (
	"sync"

	"github.com/zeebo/xxh3"
)

// Passing hashes the chunks of a file while its bytes pass in order, in pieces of any size. Bytes that come again, as
// those of a retransmission do, are ignored.
type Passing struct {
	next   int64 // the offset that continues the current chunk
	hasher *xxh3.Hasher
}

var hashers = sync.Pool{New: func() any { return xxh3.New() }}

// Feed takes the bytes at off and notes in h the chunks that they complete.
func (p *Passing) Feed(h *Hashes, size int64, b []byte, off int64) {
	for len(b) > 0 {
		i := off / Size
		g := At(i, size)
		end := g.End()
		piece := b[:min(int64(len(b)), end-off)]
		off, b = off+int64(len(piece)), b[len(piece):]
		switch {
		case h.Has(i):
			continue
		case int64(len(piece)) == g.Length:
			h.Set(i, Hash(piece))
			continue
		case p.hasher == nil && off-int64(len(piece)) == g.Offset:
			p.hasher = hashers.Get().(*xxh3.Hasher)
			p.hasher.Reset()
		case p.hasher == nil || off-int64(len(piece)) != p.next:
			continue
		}
		_, _ = p.hasher.Write(piece) // It never fails.
		p.next = off
		if off == end {
			h.Set(i, p.hasher.Sum128().Bytes())
			hashers.Put(p.hasher)
			p.hasher = nil
		}
	}
}
