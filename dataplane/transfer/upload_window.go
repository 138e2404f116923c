package transfer

import (
	"context"
	"io"
)

// The bytes of an Upload are kept in slabs from the time they are read until the receiver has them.

// uploadedSlab keeps bytes of a file from number*uploadSlab on.
type uploadedSlab struct {
	b *[uploadSlab]byte
	// from and filled bound what is there, relative to the slab; acked is how many bytes of it have arrived.
	from, filled, acked int
}

func (f *uploadFile) setBusy(busy bool) {
	f.mu.Lock()
	f.busy = busy
	f.mu.Unlock()
}

// rest gives back what a file that stands still does not need.
func (u *Upload) rest(f *uploadFile) {
	f.setBusy(false)
	f.mu.Lock()
	defer f.mu.Unlock()
	for number := range f.slabs {
		u.forget(f, number)
	}
}

// forget gives a slab back all of whose bytes have arrived, unless more come into it right now. f.mu is held.
func (u *Upload) forget(f *uploadFile, number int64) {
	slab := f.slabs[number]
	full := slab.filled == uploadSlab || number*uploadSlab+int64(slab.filled) == f.size
	if slab.acked == slab.filled-slab.from && (full || !f.busy) {
		delete(f.slabs, number)
		u.release(slab.b)
	}
}

// feed reads once from r and gives that to the engine. f.feeding is held.
func (u *Upload) feed(ctx context.Context, f *uploadFile, off int64, r io.Reader) (int, error) {
	slab, b, err := u.room(ctx, f, off)
	if err != nil {
		return 0, err
	}
	from := int(off % uploadSlab)
	to := int(min(uploadSlab, int64(from)+f.size-off))
	got, readErr := r.Read(b[from:to])
	if got == 0 {
		return 0, readErr
	}
	s, err := u.hash(f, slab, off, b[from:from+got])
	if err != nil {
		return 0, err
	}
	if err := s.pushStreamed(f.sent, off, got); err != nil {
		return got, err
	}
	return got, readErr
}

// room is the slab that the byte at off goes into, and its memory: a session that ends meanwhile takes that from the
// slab.
func (u *Upload) room(ctx context.Context, f *uploadFile, off int64) (*uploadedSlab, *[uploadSlab]byte, error) {
	number := off / uploadSlab
	f.mu.Lock()
	slab, over, failed := f.slabs[number], f.over.Load(), f.err
	var kept *[uploadSlab]byte
	if slab != nil {
		kept = slab.b
	}
	f.mu.Unlock()
	switch {
	case failed != nil:
		return nil, nil, failed
	case over:
		return nil, nil, u.errEnded()
	case slab != nil:
		return slab, kept, nil
	}
	b := u.memory.take(ctx, func() (int, bool) { return int(u.held.Load()), u.ended.Load() || f.over.Load() })
	if b == nil {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.err != nil {
			return nil, nil, f.err
		}
		return nil, nil, u.errEnded()
	}
	u.held.Add(1)
	from := int(off % uploadSlab)
	slab = &uploadedSlab{b: b, from: from, filled: from}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over.Load() {
		u.release(b)
		return nil, nil, u.errEnded()
	}
	if f.slabs == nil {
		f.slabs = map[int64]*uploadedSlab{}
	}
	f.slabs[number] = slab
	return slab, b, nil
}

// release gives a slab back to the memory; nil one that is not to be used again.
func (u *Upload) release(b *[uploadSlab]byte) {
	u.held.Add(-1)
	u.memory.give(b)
}

// hash takes bytes that were read into a slab.
func (u *Upload) hash(f *uploadFile, slab *uploadedSlab, off int64, b []byte) (*sender, error) {
	u.mu.Lock()
	s := u.sender
	u.mu.Unlock()
	f.sent.mu.Lock()
	f.sent.passing.Feed(&f.sent.hashes, f.size, b, off)
	f.sent.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over.Load() {
		if f.err != nil {
			return nil, f.err
		}
		return nil, u.errEnded()
	}
	slab.filled += len(b)
	f.next = off + int64(len(b))
	return s, nil
}

// lend gives some of the bytes from off on that are kept, at most n; nil if they are not kept any more.
func (f *uploadFile) lend(off, n int64) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	slab := f.slabs[off/uploadSlab]
	if slab == nil {
		return nil
	}
	from := int(off % uploadSlab)
	return slab.b[from:min(int64(slab.filled), int64(from)+n)]
}

// readAt gives bytes that are kept; those that the receiver has are zeros.
func (f *uploadFile) readAt(p []byte, off int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(p) > 0 {
		at := int(off % uploadSlab)
		n := min(len(p), uploadSlab-at)
		if slab := f.slabs[off/uploadSlab]; slab != nil {
			copy(p[:n], slab.b[at:])
		} else {
			clear(p[:n])
		}
		p, off = p[n:], off+int64(n)
	}
}

// acknowledged gives up the slabs all of whose bytes have arrived.
func (u *Upload) acknowledged(f *uploadFile, off, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n > 0 {
		number := off / uploadSlab
		part := min(n, (number+1)*uploadSlab-off)
		if slab := f.slabs[number]; slab != nil {
			slab.acked += int(part)
			u.forget(f, number)
		}
		off, n = off+part, n-part
	}
}
