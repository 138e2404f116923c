package chunk

import "github.com/zeebo/xxh3"

// Holes of sparse files are whole chunks of zeros that are neither sent nor read: their hashes are known.

var (
	zeros           [Size]byte
	hashOfZeroChunk = Hash(zeros[:])
)

// HashZeros is the hash of a chunk of zeros, which may be a shorter last one.
func HashZeros(g Range) [16]byte {
	if g.Length == Size {
		return hashOfZeroChunk
	}
	return Hash(zeros[:g.Length])
}

// HashHole is the hash of a file of the given size that is one hole. It needs no memory.
func HashHole(size int64) [16]byte {
	var all xxh3.Hasher
	for i := range Count(size) {
		sum := HashZeros(At(i, size))
		_, _ = all.Write(sum[:]) // It never fails.
	}
	return all.Sum128().Bytes()
}

// SetHoles notes the hashes of the holes of a file of the given size, and returns how many were not known.
func (h *Hashes) SetHoles(holes Set, size int64) int {
	before := h.count
	for _, g := range holes {
		for i := range g.Chunks() {
			if !h.Has(i) {
				h.Set(i, HashZeros(At(i, size)))
			}
		}
	}
	return h.count - before
}
