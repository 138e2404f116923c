package objectstore

import (
	"context"
	"sync"
)

const (
	// DefaultMemory is what the uploads of a node gather in, DefaultReads what its downloads read ahead into.
	DefaultMemory = 192 << 20
	DefaultReads  = 96 << 20
	// uploadsAtOnce is how many requests of a node write parts and objects at a time.
	uploadsAtOnce = 24
)

// Memory bounds what all storages of a node hold in memory.
//
// Whoever writes waits for room, which slows the sender. Room comes back by itself only from what is whole and on its
// way to the server. While nothing is on its way nobody would ever stop waiting: what is held lacks bytes that come
// behind those that wait. Then one more gets room beyond the limit.
type Memory struct {
	limit int64
	reads int64
	slots chan struct{}

	mu     sync.Mutex
	used   int64
	onWay  int64
	ahead  int64
	freed  chan struct{} // closed and made anew when room may have come back
	peaked int64
}

// NewMemory makes a Memory of so many bytes for uploads, and for reading ahead.
func NewMemory(limit, reads int64) *Memory {
	return &Memory{limit: limit, reads: reads, slots: make(chan struct{}, uploadsAtOnce), freed: make(chan struct{})}
}

// take waits for room.
func (m *Memory) take(ctx context.Context, n int64) error {
	for {
		m.mu.Lock()
		if m.used+n <= m.limit || m.onWay == 0 {
			m.used += n
			m.peaked = max(m.peaked, m.used)
			m.mu.Unlock()
			return nil
		}
		freed := m.freed
		m.mu.Unlock()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-freed:
		}
	}
}

func (m *Memory) changed() {
	close(m.freed)
	m.freed = make(chan struct{})
}

// sent says that n bytes of what was taken are on their way to a server.
func (m *Memory) sent(n int64) {
	m.mu.Lock()
	m.onWay += n
	m.mu.Unlock()
}

// arrived says that they are no longer, and gives them back.
func (m *Memory) arrived(n int64) {
	m.mu.Lock()
	m.onWay -= n
	m.used -= n
	m.changed()
	m.mu.Unlock()
}

// give gives back what was never sent.
func (m *Memory) give(n int64) {
	if n == 0 {
		return
	}
	m.mu.Lock()
	m.used -= n
	m.changed()
	m.mu.Unlock()
}

// slot waits for the right to write to a server; the function it gives ends that.
func (m *Memory) slot(ctx context.Context) (func(), error) {
	select {
	case m.slots <- struct{}{}:
		return func() { <-m.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// ahead asks for memory to read into and does not wait for it.
func (m *Memory) readAhead(n int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ahead+n > m.reads {
		return false
	}
	m.ahead += n
	return true
}

func (m *Memory) readDone(n int64) {
	m.mu.Lock()
	m.ahead -= n
	m.mu.Unlock()
}

// Usage is what uploads hold, and the most they ever held.
func (m *Memory) Usage() (used, peak int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used, m.peaked
}
