package atrest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The header. Numbers are big endian.
//
//	 0  magic          8  89 46 53 50 58 45 4e 56  ("\x89FSPXENV")
//	 8  version        1  1
//	 9  hash           1  1 = Argon2id version 1.3, 2 = none: a storage's key
//	10  threads        1  of Argon2id
//	11  chunk size     1  its base 2 logarithm, 16 to 20
//	12  passes         4  of Argon2id
//	16  memory         4  of Argon2id, in KiB
//	20  salt          16  of Argon2id
//	36  file salt     32
//	68  check         32  the same for all files of one passphrase and Argon2id salt
//	100 tag           32  over all of the above
const (
	magic     = "\x89FSPXENV"
	version   = 1
	argon2id  = 1
	noHash    = 2
	boundLen  = 100 // what the keys of a file depend on
	HeaderLen = 132 // HeaderLen is the size of the header in bytes.
)

// FileSalt makes the keys of a file its own.
type FileSalt [32]byte

// header is what a container begins with, without its tag.
type header struct {
	hash   byte
	params Params // zero without a hash
	chunk  int64
	salt   FileSalt
	check  [32]byte
}

// bound is the encoded header up to its tag.
func (h header) bound() []byte {
	b := append(make([]byte, 0, HeaderLen), magic...)
	b = append(b, version, h.hash, h.params.Threads, byte(bits.TrailingZeros64(uint64(h.chunk))))
	b = binary.BigEndian.AppendUint32(b, h.params.Passes)
	b = binary.BigEndian.AppendUint32(b, h.params.MemoryKiB)
	b = append(b, h.params.Salt[:]...)
	b = append(b, h.salt[:]...)
	return append(b, h.check[:]...)
}

// parseHeader reads a header of HeaderLen bytes. That its values are in bounds says nothing of who wrote them.
func parseHeader(b []byte) (h header, tag [32]byte, err error) {
	switch {
	case len(b) < HeaderLen || !bytes.HasPrefix(b, []byte(magic)):
		return h, tag, fmt.Errorf("%w: it does not begin as one", ErrFormat)
	case b[8] != version:
		return h, tag, fmt.Errorf("%w: version %d is not known", ErrFormat, b[8])
	case b[9] != argon2id && b[9] != noHash:
		return h, tag, fmt.Errorf("%w: password hash %d is not known", ErrFormat, b[9])
	case b[11] < 16 || b[11] > 20:
		return h, tag, fmt.Errorf("%w: chunk size out of bounds", ErrFormat)
	}
	h = header{
		hash: b[9],
		params: Params{
			Threads: b[10], Passes: binary.BigEndian.Uint32(b[12:]), MemoryKiB: binary.BigEndian.Uint32(b[16:]),
			Salt: [16]byte(b[20:]),
		},
		chunk: 1 << b[11], salt: FileSalt(b[36:]), check: [32]byte(b[68:]),
	}
	if h.hash == noHash {
		if h.params != (Params{}) {
			return header{}, tag, fmt.Errorf("%w: a key with settings of a password hash", ErrFormat)
		}
		return h, [32]byte(b[boundLen:]), nil
	}
	if err := h.params.validate(); err != nil {
		return header{}, tag, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return h, [32]byte(b[boundLen:]), nil
}
