package transfer

import (
	"context"
	"sync"
)

// uploadSlab is the unit in which an Upload keeps bytes.
const uploadSlab = 256 << 10

// leastSlabs is how many slabs every Upload may have, whatever others have.
const leastSlabs = 4

// Memory bounds what the Uploads of a process keep: bytes that their receivers have not acknowledged. Each gets its
// part of it, and waits when it has that.
type Memory struct {
	mu      sync.Mutex
	changed *sync.Cond
	total   int // slabs in all, but for those that every Upload may have
	most    int // slabs of one Upload
	used    int
	uploads int
	free    []*[uploadSlab]byte
}

// NewMemory has room for about so many bytes, of which one Upload gets at most.
func NewMemory(total, most int64) *Memory {
	m := &Memory{total: int(total / uploadSlab), most: max(leastSlabs, int(most/uploadSlab))}
	m.changed = sync.NewCond(&m.mu)
	return m
}

// Used is how many bytes are kept.
func (m *Memory) Used() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(m.used) * uploadSlab
}

func (m *Memory) join(n int) {
	m.mu.Lock()
	m.uploads += n
	m.changed.Broadcast()
	m.mu.Unlock()
}

// take waits for a slab of an Upload that has held of them. stop ends the wait: nil is returned then.
func (m *Memory) take(ctx context.Context, held func() (slabs int, stop bool)) *[uploadSlab]byte {
	wake := context.AfterFunc(ctx, m.wake)
	defer wake()
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		n, stop := held()
		if stop || ctx.Err() != nil {
			return nil
		}
		part := min(m.most, max(leastSlabs, m.total/max(m.uploads, 1)))
		if n < leastSlabs || n < part && m.used < m.total {
			break
		}
		m.changed.Wait()
	}
	m.used++
	if n := len(m.free); n > 0 {
		slab := m.free[n-1]
		m.free = m.free[:n-1]
		return slab
	}
	return new([uploadSlab]byte)
}

func (m *Memory) wake() {
	m.mu.Lock()
	m.changed.Broadcast()
	m.mu.Unlock()
}

// give takes a slab back. One that the engine may still read is not used again: nil stands for it.
func (m *Memory) give(slab *[uploadSlab]byte) {
	m.mu.Lock()
	m.used--
	if slab != nil && len(m.free) < m.total/2 {
		m.free = append(m.free, slab)
	}
	m.changed.Broadcast()
	m.mu.Unlock()
}
