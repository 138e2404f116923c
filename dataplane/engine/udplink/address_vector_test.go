package udplink

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
)

// TestAddressTokenVectors holds the vectors of docs/protocol.md.
func TestAddressTokenVectors(t *testing.T) {
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(i)
	}
	for addr, want := range map[string]string{
		"192.0.2.1:33001":          "8bfee6e5f1e20070",
		"[::ffff:192.0.2.1]:33001": "8bfee6e5f1e20070",
		"192.0.2.1:33002":          "8322477f351a4aff",
		"[2001:db8::1]:33001":      "de480750e1278277",
	} {
		tokens, err := newAddressTokens(bytes.NewReader(secret))
		if err != nil {
			t.Fatal(err)
		}
		at := netip.MustParseAddrPort(addr)
		if !tokens.take(tokens.of(at, 0), at, 0) { // the second generation
			t.Errorf("%s: its token does not prove it", addr)
		}
		token := tokens.of(at, 3*tokenSlot+tokenSlot/2)
		if got := fmt.Sprintf("%x", binary.BigEndian.AppendUint64(nil, token)); got != want {
			t.Errorf("%s: token %s, want %s", addr, got, want)
		}
		if !tokens.take(token, at, 5*tokenSlot-1) || tokens.take(token, at, 5*tokenSlot-1) {
			t.Errorf("%s: its token does not prove it once", addr)
		}
	}
}
