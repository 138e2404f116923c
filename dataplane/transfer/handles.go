package transfer

import (
	"io"
	"sync"
)

// handles keeps recently used files open, at most limit of them besides those in use. The key is the file's index.
type handles[F io.Closer] struct {
	limit int
	open  func(key uint64) (F, error)

	mu    sync.Mutex
	files map[uint64]*handle[F]
	clock uint64
}

type handle[F io.Closer] struct {
	mu   sync.Mutex // held while opening
	file F
	open bool
	uses int
	last uint64
	drop bool
}

func newHandles[F io.Closer](limit int, open func(uint64) (F, error)) *handles[F] {
	return &handles[F]{limit: limit, open: open, files: map[uint64]*handle[F]{}}
}

// use calls fn with the open file of key.
func (h *handles[F]) use(key uint64, fn func(F) error) error {
	h.mu.Lock()
	e := h.files[key]
	if e == nil {
		e = &handle[F]{}
		h.files[key] = e
	}
	e.uses++
	h.clock++
	e.last = h.clock
	h.mu.Unlock()
	defer h.release(key, e)

	e.mu.Lock()
	if !e.open {
		f, err := h.open(key)
		if err != nil {
			e.mu.Unlock()
			return err
		}
		e.file, e.open = f, true
	}
	e.mu.Unlock()
	return fn(e.file)
}

func (h *handles[F]) release(key uint64, e *handle[F]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.uses--
	if e.uses == 0 && (e.drop || !e.open) {
		h.closeLocked(key, e)
	}
	for len(h.files) > h.limit {
		oldest, found := uint64(0), (*handle[F])(nil)
		for k, c := range h.files {
			if c.uses == 0 && (found == nil || c.last < found.last) {
				oldest, found = k, c
			}
		}
		if found == nil {
			return
		}
		h.closeLocked(oldest, found)
	}
}

// forget closes the file of key as soon as nobody uses it.
func (h *handles[F]) forget(key uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.files[key]; e != nil {
		if e.drop = true; e.uses == 0 {
			h.closeLocked(key, e)
		}
	}
}

func (h *handles[F]) closeLocked(key uint64, e *handle[F]) {
	if e.open {
		e.file.Close()
	}
	if h.files[key] == e {
		delete(h.files, key)
	}
}

// closeAll closes what nobody uses.
func (h *handles[F]) closeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, e := range h.files {
		if e.drop = true; e.uses == 0 {
			h.closeLocked(k, e)
		}
	}
}
