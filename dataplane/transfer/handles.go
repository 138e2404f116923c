package transfer

import (
	"container/list"
	"io"
	"sync"
)

// handles keeps recently used files or folders open, at most limit of them besides those in use.
type handles[K comparable, F io.Closer] struct {
	limit int
	open  func(key K) (F, error)

	mu    sync.Mutex
	files map[K]*handle[K, F]
	idle  list.List // of *handle, the one used longest ago first
}

type handle[K comparable, F io.Closer] struct {
	key  K
	mu   sync.Mutex // held while opening
	file F
	open bool
	uses int
	drop bool
	idle *list.Element
}

func newHandles[K comparable, F io.Closer](limit int, open func(K) (F, error)) *handles[K, F] {
	return &handles[K, F]{limit: limit, open: open, files: map[K]*handle[K, F]{}}
}

// use calls fn with what is open under key.
func (h *handles[K, F]) use(key K, fn func(F) error) error {
	h.mu.Lock()
	e := h.files[key]
	if e == nil {
		e = &handle[K, F]{key: key}
		h.files[key] = e
	}
	if e.idle != nil {
		h.idle.Remove(e.idle)
		e.idle = nil
	}
	e.uses++
	h.mu.Unlock()
	defer h.release(e)

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

func (h *handles[K, F]) release(e *handle[K, F]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.uses--; e.uses > 0 {
		return
	}
	if e.drop || !e.open {
		h.closeLocked(e)
		return
	}
	e.idle = h.idle.PushBack(e)
	for len(h.files) > h.limit && h.idle.Len() > 0 {
		h.closeLocked(h.idle.Front().Value.(*handle[K, F]))
	}
}

// forget closes what is open under key as soon as nobody uses it.
func (h *handles[K, F]) forget(key K) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.files[key]; e != nil {
		if e.drop = true; e.uses == 0 {
			h.closeLocked(e)
		}
	}
}

func (h *handles[K, F]) closeLocked(e *handle[K, F]) {
	if e.idle != nil {
		h.idle.Remove(e.idle)
		e.idle = nil
	}
	if e.open {
		e.file.Close()
		e.open = false
	}
	if h.files[e.key] == e {
		delete(h.files, e.key)
	}
}

// closeAll closes what nobody uses, and the rest when it is no longer used.
func (h *handles[K, F]) closeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.files {
		if e.drop = true; e.uses == 0 {
			h.closeLocked(e)
		}
	}
}
