package atrest

import (
	"errors"
	"io"
)

// Sealed presents a file as its container, without storing it. Safe for concurrent use.
type Sealed struct {
	layout
	header []byte
	slots  slots
}

// Seal presents the file of size bytes that plain reads. The same file with the same key, salt and chunk size is the
// same container. The salt need not be secret.
func (k *Key) Seal(plain io.ReaderAt, size int64, salt FileSalt, chunk int) (*Sealed, error) {
	l, err := newLayout(int64(chunk), size)
	if err != nil {
		return nil, err
	}
	head, keys, err := k.begin(salt, l.chunk)
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(keys)
	if err != nil {
		return nil, err
	}
	s := &Sealed{layout: l, header: head}
	s.slots = slots{aead: aead, keys: keys, size: l.length(0) +
		overhead, fill: func(c *chunkCipher, buf []byte, i int64) ([]byte, error) {
		n := l.length(i)
		if err := readFull(plain, buf[nonceLen:nonceLen+n], i*l.chunk); err != nil {
			return nil, err
		}
		return c.seal(buf, n, i, l.last(i)), nil
	}}
	return s, nil
}

// begin makes the header of a file, with its tag, and the file's keys.
func (k *Key) begin(salt FileSalt, chunk int64) ([]byte, fileKeys, error) {
	head := header{hash: k.hash, params: k.params, chunk: chunk, salt: salt, check: k.check}.bound()
	keys, err := k.keysOf(head)
	if err != nil {
		return nil, fileKeys{}, err
	}
	return append(head, keys.tag...), keys, nil
}

// Size is the size of the container.
func (s *Sealed) Size() int64 { return s.size() }

// ReadAt reads the container. A file that turns out to be shorter than it was said to be is io.ErrUnexpectedEOF.
func (s *Sealed) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	for n < len(p) {
		if off >= s.size() {
			return n, io.EOF
		}
		var got int
		if off < HeaderLen {
			got = copy(p[n:], s.header[off:])
		} else {
			i := (off - HeaderLen) / (s.chunk + overhead)
			if got, err = s.slots.read(p[n:], i, off-s.at(i)); err != nil {
				return n, err
			}
		}
		n += got
		off += int64(got)
	}
	return n, nil
}

// readFull fills p; that the file ends before is an error.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}
