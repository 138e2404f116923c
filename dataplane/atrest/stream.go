package atrest

import (
	"errors"
	"fmt"
	"io"
)

// Encrypt writes the container of what src reads and returns the size of the plaintext. With a salt that was never used
// before, such as a random one, equal files are not seen to be equal.
func (k *Key) Encrypt(dst io.Writer, src io.Reader, salt FileSalt, chunk int) (int64, error) {
	l, err := newLayout(int64(chunk), 0)
	if err != nil {
		return 0, err
	}
	head, keys, err := k.begin(salt, l.chunk)
	if err != nil {
		return 0, err
	}
	aead, err := newAEAD(keys)
	if err != nil {
		return 0, err
	}
	if _, err := dst.Write(head); err != nil {
		return 0, err
	}
	c, plain := newChunkCipher(aead, keys), int64(0)
	err = pieces(src, nonceLen, l.chunk, tagLen, func(buf []byte, n, i int64, last bool) error {
		plain += n
		_, err := dst.Write(c.seal(buf, n, i, last))
		return err
	})
	return plain, err
}

// Decrypt writes the plaintext of the container that src reads, to its end, and returns its size. Every byte that it
// writes is authenticated, but that the container is whole is known only when it returns nil: until then the output
// must not be taken for the file.
func (p *Passphrase) Decrypt(dst io.Writer, src io.Reader) (int64, error) {
	head := make([]byte, HeaderLen)
	if _, err := io.ReadFull(src, head); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, fmt.Errorf("%w: it is too short", ErrFormat)
	} else if err != nil {
		return 0, err
	}
	h, keys, err := p.accept(head)
	if err != nil {
		return 0, err
	}
	aead, err := newAEAD(keys)
	if err != nil {
		return 0, err
	}
	c, plain := newChunkCipher(aead, keys), int64(0)
	err = pieces(src, 0, h.chunk+overhead, 0, func(buf []byte, n, i int64, last bool) error {
		b, err := c.open(buf[:n], i, last)
		if err != nil {
			return err
		}
		if len(b) == 0 && i > 0 {
			return ErrDamaged
		}
		plain += int64(len(b))
		_, err = dst.Write(b)
		return err
	})
	return plain, err
}

// pieces cuts what src reads into pieces of size bytes and says which is the last: the only one that may be shorter,
// and empty only if it is also the first. fn gets a buffer with room of before bytes, the n bytes of the piece, and
// capacity for after bytes more.
func pieces(src io.Reader, before, size, after int64, fn func(buf []byte, n, i int64, last bool) error) error {
	buf, ahead := make([]byte, before+size+after), make([]byte, before+size+after)
	read := func(b []byte) (n int64, err error) {
		for n < size {
			got, err := src.Read(b[before+n : before+size])
			n += int64(got)
			if errors.Is(err, io.EOF) {
				return n, nil
			} else if err != nil {
				return n, err
			}
		}
		return n, nil
	}
	n, err := read(buf)
	if err != nil {
		return err
	}
	for i := int64(0); ; i++ {
		more := int64(0)
		if n == size {
			if more, err = read(ahead); err != nil {
				return err
			}
		}
		if i >= maxChunks {
			return errors.New("the file is too big for its chunk size")
		}
		if err := fn(buf, n, i, more == 0); err != nil || more == 0 {
			return err
		}
		buf, ahead, n = ahead, buf, more
	}
}
