package atrest

import (
	"crypto/cipher"
	"sync"
)

// slotCount is how many chunks of a file are held: one for who reads it from start to end, one for who reads elsewhere.
const slotCount = 2

// slots hold the chunks of a file that were used last. Safe for concurrent use.
type slots struct {
	aead cipher.AEAD
	keys fileKeys
	size int64 // of a buffer
	// fill puts chunk i into buf and returns what it is: a part of buf.
	fill func(c *chunkCipher, buf []byte, i int64) ([]byte, error)

	mu    sync.Mutex
	clock uint64
	list  [slotCount]slot
}

type slot struct {
	wanted int64  // the chunk that was asked of it last, plus 1; guarded by slots.mu
	used   uint64 // guarded by slots.mu

	mu    sync.Mutex
	has   int64 // the chunk it holds, plus 1
	c     *chunkCipher
	buf   []byte
	chunk []byte
}

// read copies bytes of chunk i, from the given offset in it.
func (s *slots) read(p []byte, i, from int64) (int, error) {
	t := s.choose(i)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.has != i+1 {
		if t.c == nil {
			t.c, t.buf = newChunkCipher(s.aead, s.keys), make([]byte, s.size)
		}
		t.has = 0
		var err error
		if t.chunk, err = s.fill(t.c, t.buf, i); err != nil {
			return 0, err
		}
		t.has = i + 1
	}
	return copy(p, t.chunk[from:]), nil
}

// choose is the slot that holds chunk i, or the one that was not used for the longest time.
func (s *slots) choose(i int64) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.list[0]
	for n := range s.list {
		c := &s.list[n]
		if c.wanted == i+1 {
			t = c
			break
		}
		if c.used < t.used {
			t = c
		}
	}
	s.clock++
	t.wanted, t.used = i+1, s.clock
	return t
}
