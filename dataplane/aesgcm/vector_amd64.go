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
	return x.HasAES && x.HasPCLMULQDQ && x.HasBMI2 && x.HasAVX2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VAES && x.HasAVX512VPCLMULQDQ
}

// vector is AES-GCM by the processor's vector instructions. Safe for concurrent use: it does not change.
//
// The hash is of 16 blocks at a time, each multiplied by its own power of H. Elements of the field are numbers with the bytes of a block reversed; powers[i] is x H^(16-i), so that the product needs no shift
// (Gueron, Kounavis, "Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode", 2010, and the
// reduction by two more multiplications of Gueron, "AES-GCM software performance", 2013).
type vector struct {
	keys   [15][blockSize]byte      // of the rounds
	powers [16 + 15][blockSize]byte // and zeroes, which are read as powers of blocks that are not there
	rounds int
}

// The assembly knows where the fields are; counter and hash are 16 bytes as in the standard, and are changed.

//go:noescape
func sealGroups(v *vector, counter, hash *[blockSize]byte, dst, src *byte, groups int)

//go:noescape
func openGroups(v *vector, counter, hash *[blockSize]byte, dst, src *byte, groups int)

// sealRest and openRest do n bytes that are no whole group, and hash the lengths at the end.
//
//go:noescape
func sealRest(v *vector, counter, hash *[blockSize]byte, dst, src *byte, n int, lengths *[blockSize]byte)

//go:noescape
func openRest(v *vector, counter, hash *[blockSize]byte, dst, src *byte, n int, lengths *[blockSize]byte)

//go:noescape
func hashGroups(v *vector, hash *[blockSize]byte, src *byte, groups int)

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
	counter, hash := v.begin(nonce, additional)
	whole := len(plaintext) / groupSize
	if whole > 0 {
		sealGroups(v, &counter, &hash, &out[0], &plaintext[0], whole)
	}
	rest, lengths := plaintext[whole*groupSize:], lengthsOf(additional, plaintext)
	sealRest(v, &counter, &hash, &out[whole*groupSize], unsafe.SliceData(rest), len(rest), &lengths)
	v.finish(&hash, nonce)
	copy(out[len(plaintext):], hash[:])
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
	counter, hash := v.begin(nonce, additional)
	whole := size / groupSize
	if whole > 0 {
		openGroups(v, &counter, &hash, &out[0], &ciphertext[0], whole)
	}
	to, rest, lengths := out[whole*groupSize:], ciphertext[whole*groupSize:], lengthsOf(additional, ciphertext)
	openRest(v, &counter, &hash, unsafe.SliceData(to), unsafe.SliceData(rest), len(rest), &lengths)
	v.finish(&hash, nonce)
	if subtle.ConstantTimeCompare(hash[:], tag) != 1 {
		clear(out)
		return nil, errOpen
	}
	return all, nil
}

// begin is the counter of the first block, and the hash of the additional data.
func (v *vector) begin(nonce, additional []byte) (counter, hash [blockSize]byte) {
	if len(nonce) != nonceSize {
		panic("aesgcm: the nonce has not 12 bytes")
	}
	copy(counter[:], nonce)
	counter[blockSize-1] = 2
	if whole := len(additional) / groupSize; whole > 0 {
		hashGroups(v, &hash, &additional[0], whole)
		additional = additional[whole*groupSize:]
	}
	if len(additional) > 0 {
		var last [groupSize]byte // What is before the first block counts for nothing.
		start := (groupSize - len(additional)) &^ (blockSize - 1)
		copy(last[start:], additional)
		subtle.XORBytes(last[start:], last[start:start+blockSize], hash[:])
		hash = [blockSize]byte{}
		hashGroups(v, &hash, &last[0], 1)
	}
	return counter, hash
}

// finish makes the tag of the hash.
func (v *vector) finish(hash *[blockSize]byte, nonce []byte) {
	var mask [blockSize]byte
	copy(mask[:], nonce)
	mask[blockSize-1] = 1
	encrypt(v, &mask)
	subtle.XORBytes(hash[:], hash[:], mask[:])
}

// lengthsOf is the last block that is hashed: how many bits there are.
func lengthsOf(additional, text []byte) (block [blockSize]byte) {
	binary.BigEndian.PutUint64(block[:], uint64(len(additional))*8)
	binary.BigEndian.PutUint64(block[blockSize/2:], uint64(len(text))*8)
	return block
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
