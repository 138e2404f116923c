package udplink

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"net/netip"
	"time"
)

// tokenSlot is how long tokens of one number are made. A token is taken while its slot or the next one lasts.
const tokenSlot = 5 * time.Second

// addressTokens makes the numbers with which addresses prove that they receive what is sent to them (RFC 9000,
// section 8.1). A number is a MAC over the address, the port, the slot of time and a generation, under a secret of this
// session's link. It is good for no other address (TestReadyNeedsItsOwnAddress), and for none at all once an address
// has proved itself with one (TestTokenIsTakenOnce). Only its maker reads it; the peer sends it back.
type addressTokens struct {
	mac        hash.Hash
	generation uint64
	in         []byte
	sum        []byte
}

// newAddressTokens takes the secret from r.
func newAddressTokens(r io.Reader) (*addressTokens, error) {
	var secret [32]byte
	if _, err := io.ReadFull(r, secret[:]); err != nil {
		return nil, fmt.Errorf("secret of address tokens: %w", err)
	}
	return &addressTokens{mac: hmac.New(sha256.New, secret[:])}, nil
}

// of is the token of an address at a time.
func (t *addressTokens) of(addr netip.AddrPort, now time.Duration) uint64 {
	return t.inSlot(addr, now/tokenSlot)
}

// take says whether the token is one of the address. If so, it and all that were made before are void from now on.
func (t *addressTokens) take(token uint64, addr netip.AddrPort, now time.Duration) bool {
	slot := now / tokenSlot
	// A guess has one chance in 2^63 a packet, so how long the comparison takes tells nothing of use.
	if token != t.inSlot(addr, slot) && token != t.inSlot(addr, slot-1) {
		return false
	}
	t.generation++
	return true
}

func (t *addressTokens) inSlot(addr netip.AddrPort, slot time.Duration) uint64 {
	ip := addr.Addr().Unmap().As16()
	t.in = append(t.in[:0], ip[:]...)
	t.in = binary.BigEndian.AppendUint16(t.in, addr.Port())
	t.in = binary.BigEndian.AppendUint64(t.in, t.generation)
	t.in = binary.BigEndian.AppendUint64(t.in, uint64(slot))
	t.in = append(t.in, addr.Addr().Zone()...)
	t.mac.Reset()
	t.mac.Write(t.in)
	t.sum = t.mac.Sum(t.sum[:0])
	return binary.BigEndian.Uint64(t.sum)
}
