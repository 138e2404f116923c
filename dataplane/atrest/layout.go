package atrest

import (
	"fmt"
	"math"
	"math/bits"
)

const (
	// overhead is what a chunk is longer than its plaintext: nonce and tag.
	overhead = nonceLen + tagLen
	nonceLen = 12
	tagLen   = 16
	// maxChunks is a bound on chunks a file, which keeps the odds of two equal nonces below those that are accepted for
	// random ones.
	maxChunks = 1 << 32
)

// layout says where the chunks of a file are. All chunks but the last hold chunk bytes; the last holds the rest, and no
// byte only in an empty file.
type layout struct {
	chunk int64 // plaintext bytes of a chunk
	plain int64 // plaintext bytes of the file
}

// newLayout refuses chunk sizes and files that the format has no room for.
func newLayout(chunk, plain int64) (layout, error) {
	if chunk < MinChunk || chunk > MaxChunk || bits.OnesCount64(uint64(chunk)) != 1 {
		return layout{}, fmt.Errorf("chunk size %d is not a power of two from %d to %d", chunk, MinChunk, MaxChunk)
	}
	l := layout{chunk: chunk, plain: plain}
	if plain < 0 || l.chunks() > maxChunks {
		return layout{}, fmt.Errorf("a file of %d bytes can't be encrypted in chunks of %d bytes", plain, chunk)
	}
	return l, nil
}

// layoutOf is the layout of a container of the given size.
func layoutOf(chunk, container int64) (layout, error) {
	body := container - HeaderLen
	n := (body + chunk + overhead - 1) / (chunk + overhead)
	plain := body - n*overhead
	if body < overhead || plain < 0 || (plain == 0) != (body == overhead) {
		return layout{}, fmt.Errorf("%w: no container has %d bytes", ErrDamaged, container)
	}
	l, err := newLayout(chunk, plain)
	if err != nil || l.size() != container {
		return layout{}, fmt.Errorf("%w: no container has %d bytes", ErrDamaged, container)
	}
	return l, nil
}

// chunks is how many chunks there are, at least one.
func (l layout) chunks() int64 {
	if l.plain == 0 {
		return 1
	}
	return (l.plain-1)/l.chunk + 1
}

// size is the size of the container.
func (l layout) size() int64 { return HeaderLen + l.plain + l.chunks()*overhead }

// last reports whether chunk i is the last.
func (l layout) last(i int64) bool { return i == l.chunks()-1 }

// length is how many plaintext bytes chunk i holds.
func (l layout) length(i int64) int64 { return min(l.chunk, l.plain-i*l.chunk) }

// at is where chunk i begins in the container.
func (l layout) at(i int64) int64 { return HeaderLen + i*(l.chunk+overhead) }

// EncryptedSize is the size of the container of a file of plain bytes in chunks of the given size. It is -1 for a file
// that the format has no room for.
func EncryptedSize(plain int64, chunk int) int64 {
	l, err := newLayout(int64(chunk), plain)
	if err != nil || plain > math.MaxInt64/2 {
		return -1
	}
	return l.size()
}

// PlainSizeIs reports whether a container of the given size can hold a file of plain bytes, whatever its chunk size.
func PlainSizeIs(plain, container int64) bool {
	for chunk := MinChunk; chunk <= MaxChunk; chunk *= 2 {
		if size := EncryptedSize(plain, chunk); size >= 0 && size == container {
			return true
		}
	}
	return false
}
