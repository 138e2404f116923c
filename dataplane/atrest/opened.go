package atrest

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
)

// Opened reads the plaintext of a container at any offset. Safe for concurrent use.
type Opened struct {
	layout
	slots slots
}

// Open opens the container of size bytes that sealed reads. It reads the header and the last chunk: a wrong passphrase
// is ErrPassphrase, a container that was cut or extended is ErrDamaged. Other damage is found when its chunk is read.
func (p *Passphrase) Open(sealed io.ReaderAt, size int64) (*Opened, error) {
	head, err := readHeader(sealed)
	if err != nil {
		return nil, err
	}
	h, keys, err := p.accept(head)
	if err != nil {
		return nil, err
	}
	return open(h, keys, sealed, size)
}

func open(h header, keys fileKeys, sealed io.ReaderAt, size int64) (*Opened, error) {
	l, err := layoutOf(h.chunk, size)
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(keys)
	if err != nil {
		return nil, err
	}
	o := &Opened{layout: l}
	o.slots = slots{aead: aead, keys: keys, size: l.length(0) +
		overhead, fill: func(c *chunkCipher, buf []byte, i int64) ([]byte, error) {
		b := buf[:l.length(i)+overhead]
		if err := readFull(sealed, b, l.at(i)); err != nil {
			return nil, err
		}
		return c.open(b, i, l.last(i))
	}}
	if _, err := o.slots.read(nil, l.chunks()-1, 0); err != nil {
		return nil, err
	}
	return o, nil
}

func readHeader(sealed io.ReaderAt) ([]byte, error) {
	head := make([]byte, HeaderLen)
	if n, err := sealed.ReadAt(head, 0); n < HeaderLen {
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: it is too short", ErrFormat)
		}
		return nil, err
	}
	return head, nil
}

// accept checks a header and derives the keys of its file.
func (p *Passphrase) accept(head []byte) (header, fileKeys, error) {
	h, tag, err := parseHeader(head)
	if err != nil {
		return h, fileKeys{}, err
	}
	if h.hash != argon2id {
		return h, fileKeys{}, fmt.Errorf("%w: it is encrypted with the key of a storage", ErrFormat)
	}
	k, err := p.Key(h.params)
	if err != nil {
		return h, fileKeys{}, err
	}
	if !hmac.Equal(k.check[:], h.check[:]) {
		return h, fileKeys{}, ErrPassphrase
	}
	return k.unlock(h, tag, head)
}

// unlock derives the keys of a file from its key and compares the header's tag.
func (k *Key) unlock(h header, tag [32]byte, head []byte) (header, fileKeys, error) {
	keys, err := k.keysOf(head[:boundLen])
	if err != nil {
		return h, fileKeys{}, err
	}
	if !hmac.Equal(keys.tag, tag[:]) {
		return h, fileKeys{}, fmt.Errorf("%w: its header was changed", ErrDamaged)
	}
	return h, keys, nil
}

// Size is the size of the plaintext.
func (o *Opened) Size() int64 { return o.plain }

// ReadAt reads plaintext, all of it authenticated.
func (o *Opened) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	for n < len(p) {
		if off >= o.plain {
			return n, io.EOF
		}
		got, err := o.slots.read(p[n:], off/o.chunk, off%o.chunk)
		if err != nil {
			return n, err
		}
		n += got
		off += int64(got)
	}
	return n, nil
}
