package chunk

import (
	"io"

	"github.com/zeebo/xxh3"
)

// Hashes are the XXH3-128 of the chunks of one file, as far as they are known.
type Hashes struct {
	sums  [][16]byte
	known []uint64 // a bit per chunk
	count int      // bits that are set
}

// NewHashes are those of a file of the given size, none of which is known.
func NewHashes(size int64) Hashes {
	n := Count(size)
	return Hashes{sums: make([][16]byte, n), known: make([]uint64, (n+63)/64)}
}

// Begun says that there is room for hashes. The zero Hashes have none.
func (h *Hashes) Begun() bool { return h.sums != nil }

// Count is how many hashes are known.
func (h *Hashes) Count() int { return h.count }

// Sum is the hash of chunk i, if it is known.
func (h *Hashes) Sum(i int64) [16]byte { return h.sums[i] }

// Has says that the hash of chunk i is known.
func (h *Hashes) Has(i int64) bool { return h.known[i/64]&(1<<(i%64)) != 0 }

// Set notes the hash of chunk i.
func (h *Hashes) Set(i int64, sum [16]byte) {
	if !h.Has(i) {
		h.known[i/64] |= 1 << (i % 64)
		h.count++
	}
	h.sums[i] = sum
}

// Forget has the hash of chunk i unknown again.
func (h *Hashes) Forget(i int64) {
	if h.Has(i) {
		h.known[i/64] &^= 1 << (i % 64)
		h.count--
	}
}

// Complete says that the hashes of all chunks are known.
func (h *Hashes) Complete() bool { return h.count == len(h.sums) }

// File is the hash of a file all of whose chunks are known: the XXH3-128 of theirs.
func (h *Hashes) File() [16]byte {
	var all xxh3.Hasher
	for i := range h.sums {
		_, _ = all.Write(h.sums[i][:]) // It never fails.
	}
	return all.Sum128().Bytes()
}

// HashSmall is the hash of a file that is one chunk.
func HashSmall(content []byte) [16]byte {
	sum := Hash(content)
	return Hash(sum[:])
}

// HashAt is the hash of a chunk that is read from f. buf has room for a chunk.
func HashAt(f io.ReaderAt, g Range, buf *Buffer) ([16]byte, error) {
	b := buf[:g.Length]
	if _, err := io.ReadFull(io.NewSectionReader(f, g.Offset, g.Length), b); err != nil {
		return [16]byte{}, err
	}
	return Hash(b), nil
}

// Hash is the XXH3-128 of a chunk.
func Hash(b []byte) [16]byte { return xxh3.Hash128(b).Bytes() }
