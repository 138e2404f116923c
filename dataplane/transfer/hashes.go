package transfer

import (
	"io"
	"sync"

	"github.com/zeebo/xxh3"
)

// chunkHashes are the XXH3-128 of the chunks of one file, as far as they are known.
type chunkHashes struct {
	sums  [][16]byte
	known []uint64 // a bit per chunk
	count int      // bits that are set
}

func newChunkHashes(size int64) chunkHashes {
	n := chunkCount(size)
	return chunkHashes{sums: make([][16]byte, n), known: make([]uint64, (n+63)/64)}
}

func (h *chunkHashes) has(i int64) bool { return h.known[i/64]&(1<<(i%64)) != 0 }

func (h *chunkHashes) set(i int64, sum [16]byte) {
	if !h.has(i) {
		h.known[i/64] |= 1 << (i % 64)
		h.count++
	}
	h.sums[i] = sum
}

func (h *chunkHashes) forget(i int64) {
	if h.has(i) {
		h.known[i/64] &^= 1 << (i % 64)
		h.count--
	}
}

func (h *chunkHashes) complete() bool { return h.count == len(h.sums) }

// file is the hash of a file all of whose chunks are known: the XXH3-128 of theirs.
func (h *chunkHashes) file() [16]byte {
	var all xxh3.Hasher
	for i := range h.sums {
		_, _ = all.Write(h.sums[i][:]) // It never fails.
	}
	return all.Sum128().Bytes()
}

// hashChunk is the XXH3-128 of chunk i of a file of the given size, read from f. buf has room for a chunk.
func hashChunk(f io.ReaderAt, i, size int64, buf []byte) ([16]byte, error) {
	r := chunkRange(i, size)
	b := buf[:r.Length]
	if _, err := io.ReadFull(io.NewSectionReader(f, r.Offset, r.Length), b); err != nil {
		return [16]byte{}, err
	}
	return hashOf(b), nil
}

func hashOf(b []byte) [16]byte { return xxh3.Hash128(b).Bytes() }

// chunkBuffers have room for a chunk each.
var chunkBuffers = sync.Pool{New: func() any { return new([ChunkSize]byte) }}

// passing hashes the chunks of a file while its bytes pass in order, in pieces of any size. Bytes that come again, as those
// of a retransmission do, are ignored.
type passing struct {
	next   int64 // the offset that continues the current chunk
	hasher *xxh3.Hasher
}

var hashers = sync.Pool{New: func() any { return xxh3.New() }}

// feed takes the bytes at off and notes in h the chunks that they complete.
func (p *passing) feed(h *chunkHashes, size int64, b []byte, off int64) {
	for len(b) > 0 {
		i := off / ChunkSize
		chunk := chunkRange(i, size)
		end := chunk.Offset + chunk.Length
		piece := b[:min(int64(len(b)), end-off)]
		off, b = off+int64(len(piece)), b[len(piece):]
		switch {
		case h.has(i):
			continue
		case int64(len(piece)) == chunk.Length:
			h.set(i, hashOf(piece))
			continue
		case p.hasher == nil && off-int64(len(piece)) == chunk.Offset:
			p.hasher = hashers.Get().(*xxh3.Hasher)
			p.hasher.Reset()
		case p.hasher == nil || off-int64(len(piece)) != p.next:
			continue
		}
		_, _ = p.hasher.Write(piece) // It never fails.
		p.next = off
		if off == end {
			h.set(i, p.hasher.Sum128().Bytes())
			hashers.Put(p.hasher)
			p.hasher = nil
		}
	}
}
