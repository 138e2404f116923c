//go:build !purego

package aesgcm

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"unsafe"

	"golang.org/x/sys/cpu"
)

const (
	blockSize = 16
	groupSize = 16 * blockSize // what the assembly takes at a time
	maxSize   = (1<<32 - 2) * blockSize
)

var errOpen = errors.New("message authentication failed")

func hasVector() bool {
	x := &cpu.X86
	return x.HasAES && x.HasPCLMULQDQ && x.HasBMI2 && x.HasAVX2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ &&
		x.HasAVX512VAES && x.HasAVX512VPCLMULQDQ
}

// vector is AES-GCM by the processor's vector instructions. Safe for concurrent use: it does not change.
//
// The hash is of 16 blocks at a time, each multiplied by its own power of H. Elements of the field are numbers with the
// bytes of a block reversed; powers[i] is x H^(16-i), so that the product needs no shift (Gueron, Kounavis, "Intel
// Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode", 2010, and the reduction by two more
// multiplications of Gueron, "AES-GCM software performance", 2013).
type vector struct {
	keys   [15][blockSize]byte      // of the rounds
	powers [16 + 15][blockSize]byte // and zeroes, which are read as powers of blocks that are not there
	rounds int
}

// message is what changes as one is sealed or opened, in blocks of the standard.
type message struct {
	counter [blockSize]byte // of the next block
	hash    [blockSize]byte // of what there was
	mask    [blockSize]byte // the tag is the sum of it and the hash
	lengths [blockSize]byte // are hashed at the end
}

// The assembly knows where the fields of both are.

//go:noescape
func sealGroups(v *vector, m *message, dst, src *byte, groups int)

//go:noescape
func openGroups(v *vector, m *message, dst, src *byte, groups int)

// sealRest and openRest do n bytes that are no whole group, and hash the lengths.
//
//go:noescape
func sealRest(v *vector, m *message, dst, src *byte, n int)

//go:noescape
func openRest(v *vector, m *message, dst, src *byte, n int)

// hashBlocks hashes n bytes, fewer than a group, and the zeroes that their last block lacks.
//
//go:noescape
func hashBlocks(v *vector, m *message, src *byte, n int)

//go:noescape
func encrypt(v *vector, block *[blockSize]byte)

//go:noescape
func multiply(z, x, y *[blockSize]byte)

// substitute is SubWord of FIPS 197.
func substitute(w uint32) uint32

func newVector(key []byte) cipher.AEAD {
	v := new(vector)
	v.expand(key)
	var h [blockSize]byte
	encrypt(v, &h)
	// x H: shifted, and reduced if a bit fell out. No branch tells which.
	hi, lo := binary.BigEndian.Uint64(h[:8]), binary.BigEndian.Uint64(h[8:])
	carry := -(hi >> 63)
	hi, lo = (hi<<1|lo>>63)^carry&0xc200000000000000, lo<<1^carry&1
	first := &v.powers[15]
	binary.LittleEndian.PutUint64(first[:8], lo)
	binary.LittleEndian.PutUint64(first[8:], hi)
	for i := 14; i >= 0; i-- {
		multiply(&v.powers[i], &v.powers[i+1], first)
	}
	return v
}

// expand is KeyExpansion of FIPS 197, section 5.2.
func (v *vector) expand(key []byte) {
	words := len(key) / 4
	v.rounds = words + 6
	var w [4 * 15]uint32
	for i := range words {
		w[i] = binary.BigEndian.Uint32(key[4*i:])
	}
	rcon := uint32(1)
	for i := words; i < 4*(v.rounds+1); i++ {
		t := w[i-1]
		switch {
		case i%words == 0:
			t = substitute(bits.RotateLeft32(t, 8)) ^ rcon<<24
			rcon = rcon<<1 ^ rcon>>7*0x11b
		case words == 8 && i%words == 4:
			t = substitute(t)
		}
		w[i] = w[i-words] ^ t
	}
	for i, word := range w {
		binary.BigEndian.PutUint32(v.keys[i/4][i%4*4:], word)
	}
}

func (v *vector) NonceSize() int { return nonceSize }
func (v *vector) Overhead() int  { return tagSize }

// Seal is that of cipher.AEAD.
func (v *vector) Seal(dst, nonce, plaintext, additional []byte) []byte {
	if uint64(len(plaintext)) > maxSize {
		panic("aesgcm: the message is too long")
	}
	all, out := extend(dst, len(plaintext)+tagSize)
	refuseShifted(out, plaintext)
	var m message
	v.begin(&m, nonce, additional, plaintext)
	whole := len(plaintext) / groupSize
	if whole > 0 {
		sealGroups(v, &m, &out[0], &plaintext[0], whole)
	}
	rest := plaintext[whole*groupSize:]
	sealRest(v, &m, &out[whole*groupSize], unsafe.SliceData(rest), len(rest))
	subtle.XORBytes(out[len(plaintext):], m.hash[:], m.mask[:])
	return all
}

// Open is that of cipher.AEAD. Of a message that is not authentic nothing is left in dst.
func (v *vector) Open(dst, nonce, ciphertext, additional []byte) ([]byte, error) {
	size := len(ciphertext) - tagSize
	if size < 0 || uint64(size) > maxSize {
		return nil, errOpen
	}
	ciphertext, tag := ciphertext[:size], ciphertext[size:]
	all, out := extend(dst, size)
	refuseShifted(out, ciphertext)
	var m message
	v.begin(&m, nonce, additional, ciphertext)
	whole := size / groupSize
	if whole > 0 {
		openGroups(v, &m, &out[0], &ciphertext[0], whole)
	}
	to, rest := out[whole*groupSize:], ciphertext[whole*groupSize:]
	openRest(v, &m, unsafe.SliceData(to), unsafe.SliceData(rest), len(rest))
	subtle.XORBytes(m.hash[:], m.hash[:], m.mask[:])
	if subtle.ConstantTimeCompare(m.hash[:], tag) != 1 {
		clear(out)
		return nil, errOpen
	}
	return all, nil
}

// begin prepares a message, and hashes the additional data.
func (v *vector) begin(m *message, nonce, additional, text []byte) {
	if len(nonce) != nonceSize {
		panic("aesgcm: the nonce has not 12 bytes")
	}
	// In words, as the assembly loads them: the processor waits to load what was stored in other pieces. The last word
	// ends with the number of the block, the most significant byte first.
	first, second := binary.LittleEndian.Uint64(nonce), uint64(binary.LittleEndian.Uint32(nonce[8:]))
	binary.LittleEndian.PutUint64(m.counter[:], first)
	binary.LittleEndian.PutUint64(m.counter[8:], second|2<<56)
	binary.LittleEndian.PutUint64(m.mask[:], first)
	binary.LittleEndian.PutUint64(m.mask[8:], second|1<<56)
	binary.BigEndian.PutUint64(m.lengths[:], uint64(len(additional))*8)
	binary.BigEndian.PutUint64(m.lengths[8:], uint64(len(text))*8)
	encrypt(v, &m.mask)
	for len(additional) > 0 {
		n := min(len(additional), groupSize-blockSize)
		hashBlocks(v, m, &additional[0], n)
		additional = additional[n:]
	}
}

// extend returns dst with n bytes more, and these.
func extend(dst []byte, n int) (all, more []byte) {
	all = slices.Grow(dst, n)[:len(dst)+n]
	return all, all[len(dst):]
}

// refuseShifted panics if a message overlaps its result other than in place, as the standard library does.
func refuseShifted(dst, src []byte) {
	if len(dst) == 0 || len(src) == 0 || &dst[0] == &src[0] {
		return
	}
	d, s := uintptr(unsafe.Pointer(&dst[0])), uintptr(unsafe.Pointer(&src[0]))
	if d < s+uintptr(len(src)) && s < d+uintptr(len(dst)) {
		panic("aesgcm: the message overlaps its result")
	}
}
