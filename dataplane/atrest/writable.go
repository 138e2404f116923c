package atrest

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Storage is where a container lies that is written at any offset.
type Storage interface {
	io.ReaderAt
	io.WriterAt
}

// Writable is a container whose plaintext is written and read at any offset, in chunks of MinChunk. What is written
// in part is read, decrypted, changed and encrypted again: the nonce is made of the content, so that no two
// contents of a chunk have the same.
//
// What was never written, or was torn by a crash, counts as zeros while it is written to, and can't be read. So the
// container is whole, and can be opened, only when every byte was written. Safe for concurrent use.
type Writable struct {
	layout
	file  Storage
	locks [16]sync.Mutex // a chunk is written or read by one at a time
	pool  sync.Pool
	value cipher.Block
}

// writer is what one goroutine needs to seal and open a chunk.
type writer struct {
	c   *chunkCipher
	buf []byte
}

// Create begins the container of size bytes of plaintext, under a random salt.
func (r *Keyring) Create(file Storage, size int64) (*Writable, error) {
	l, err := newLayout(MinChunk, size)
	if err != nil {
		return nil, err
	}
	head, keys, err := r.active().begin(randomSalt(), l.chunk)
	if err != nil {
		return nil, err
	}
	w, err := newWritable(l, file, keys)
	if err != nil {
		return nil, err
	}
	if _, err := file.WriteAt(head, 0); err != nil {
		return nil, err
	}
	if size > 0 {
		return w, nil
	}
	return w, w.update(0, func([]byte) {}) // An empty file has one chunk, too.
}

// Resume goes on with a container that was created for size bytes of plaintext.
func (r *Keyring) Resume(file Storage, size int64) (*Writable, error) {
	h, keys, err := r.unlock(file)
	if err != nil {
		return nil, err
	}
	l, err := newLayout(h.chunk, size)
	if err != nil {
		return nil, err
	}
	return newWritable(l, file, keys)
}

func newWritable(l layout, file Storage, keys fileKeys) (*Writable, error) {
	aead, err := newAEAD(keys)
	if err != nil {
		return nil, err
	}
	w := &Writable{layout: l, file: file}
	if w.value, err = aes.NewCipher(keys.values); err != nil {
		return nil, err
	}
	w.pool.New = func() any {
		return &writer{c: newChunkCipher(aead, keys), buf: make([]byte, min(l.chunk, l.plain)+overhead)}
	}
	return w, nil
}

// Size is the size of the container, Plain that of its plaintext.
func (w *Writable) Size() int64 { return w.size() }

// Plain is the size of the plaintext.
func (w *Writable) Plain() int64 { return w.plain }

// Values is a cipher for values of 16 bytes that are kept beside the container.
func (w *Writable) Values() cipher.Block { return w.value }

// WriteAt writes plaintext within the size that the container was created for.
func (w *Writable) WriteAt(p []byte, off int64) (n int, err error) {
	if off < 0 || off > w.plain-int64(len(p)) {
		return 0, fmt.Errorf("write of %d bytes at %d is not within %d", len(p), off, w.plain)
	}
	for n < len(p) {
		i, from := off/w.chunk, off%w.chunk
		part := p[n:min(int64(len(p)), int64(n)+w.length(i)-from)]
		whole := int64(len(part)) == w.length(i)
		change := func(plain []byte) { copy(plain[from:], part) }
		if whole {
			err = w.replace(i, part)
		} else {
			err = w.update(i, change)
		}
		if err != nil {
			return n, err
		}
		n += len(part)
		off += int64(len(part))
	}
	return n, nil
}

// replace writes a whole chunk.
func (w *Writable) replace(i int64, plain []byte) error {
	t := w.pool.Get().(*writer)
	defer w.pool.Put(t)
	lock := &w.locks[i%int64(len(w.locks))]
	lock.Lock()
	defer lock.Unlock()
	copy(t.buf[nonceLen:], plain)
	return w.put(t, i, int64(len(plain)))
}

// update changes a part of a chunk.
func (w *Writable) update(i int64, change func(plain []byte)) error {
	t := w.pool.Get().(*writer)
	defer w.pool.Put(t)
	lock := &w.locks[i%int64(len(w.locks))]
	lock.Lock()
	defer lock.Unlock()
	n := w.length(i)
	plain, err := w.get(t, i)
	switch {
	case errors.Is(err, ErrDamaged), errors.Is(err, io.ErrUnexpectedEOF):
		plain = t.buf[nonceLen : nonceLen+n]
		clear(plain)
	case err != nil:
		return err
	}
	change(plain)
	return w.put(t, i, n)
}

// get reads a chunk into the buffer of t, where put expects it.
func (w *Writable) get(t *writer, i int64) ([]byte, error) {
	b := t.buf[:w.length(i)+overhead]
	if err := readFull(w.file, b, w.at(i)); err != nil {
		return nil, err
	}
	return t.c.open(b, i, w.last(i))
}

// put seals the n bytes of plaintext in the buffer of t.
func (w *Writable) put(t *writer, i, n int64) error {
	_, err := w.file.WriteAt(t.c.seal(t.buf, n, i, w.last(i)), w.at(i))
	return err
}

// ReadAt reads plaintext that was written, all of it authenticated.
func (w *Writable) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	for n < len(p) {
		if off >= w.plain {
			return n, io.EOF
		}
		got, err := w.read(p[n:], off/w.chunk, off%w.chunk)
		if err != nil {
			return n, err
		}
		n += got
		off += int64(got)
	}
	return n, nil
}

func (w *Writable) read(p []byte, i, from int64) (int, error) {
	t := w.pool.Get().(*writer)
	defer w.pool.Put(t)
	lock := &w.locks[i%int64(len(w.locks))]
	lock.Lock()
	defer lock.Unlock()
	plain, err := w.get(t, i)
	if err != nil {
		return 0, err
	}
	return copy(p, plain[from:]), nil
}
