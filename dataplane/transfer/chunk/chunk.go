// Package chunk divides files into chunks: their ranges, their hashes, and the zeros that holes stand for.
//
// It knows no messages, no names and no files on disk; all that it reads it reads from an
// io.ReaderAt that is given to it.
package chunk

import (
	"iter"
	"slices"
	"sync"
)

// Size is the unit of the journal and of resume, in bytes. It is part of the protocol.
const Size = 1 << 20

// Range is a part of a file.
type Range struct{ Offset, Length int64 }

// End is the offset behind the last byte.
func (r Range) End() int64 { return r.Offset + r.Length }

// Chunks are the numbers of the chunks that the range has a part of, beginning with the one that its first byte is in.
func (r Range) Chunks() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i := r.Offset / Size; i*Size < r.End(); i++ {
			if !yield(i) {
				return
			}
		}
	}
}

// At is the part of a file of the given size that chunk i is.
func At(i, size int64) Range {
	off := i * Size
	return Range{Offset: off, Length: min(Size, size-off)}
}

// Count is the number of chunks of a file of the given size.
func Count(size int64) int64 { return (size + Size - 1) / Size }

// All are the numbers of the chunks of a file of the given size.
func All(size int64) []int64 {
	chunks := make([]int64, Count(size))
	for i := range chunks {
		chunks[i] = int64(i)
	}
	return chunks
}

// Sample picks at most n of the chunks: the first, the last, and others evenly between.
func Sample(chunks []int64, n int) []int64 {
	if len(chunks) <= n {
		return chunks
	}
	out := make([]int64, 0, n)
	for i := range n {
		out = append(out, chunks[i*(len(chunks)-1)/(n-1)])
	}
	return slices.Compact(out)
}

// Place is where a file of the given size lies in a transfer space whose files so far end at end. Files of a chunk or
// more begin with a chunk of the space, so that their chunks travel and are written as one.
func Place(end, size int64) int64 {
	if size < Size {
		return end
	}
	return (end + Size - 1) / Size * Size
}

// Buffer has room for a chunk.
type Buffer [Size]byte

var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// TakeBuffer gives a buffer, whose content is arbitrary.
func TakeBuffer() *Buffer { return buffers.Get().(*Buffer) }

// GiveBack ends the use of a buffer.
func (b *Buffer) GiveBack() { buffers.Put(b) }
