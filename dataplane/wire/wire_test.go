package wire

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The secret of docs/protocol.md's vectors: 00 01 02 ... 1f.
func vectorSecret() (s [32]byte) {
	for i := range s {
		s[i] = byte(i)
	}
	return s
}

const (
	vectorSession = 0x1122334455667788
	vectorConn    = 0x55667788
)

func TestKeyVectors(t *testing.T) {
	tests := []struct {
		cipher    string
		direction Direction
		epoch     uint64
		key, salt string
	}{
		{"aes-128-gcm", "data", 0, "9640994cb3cf051baed5c8e6d1430616", "a6e3ee4f"},
		{"aes-128-gcm", "data", 1, "deead6d2a2ca7315e98886a266cb8627", "d7721c96"},
		{"aes-128-gcm", "feedback", 0, "d780f932823538d2974631d967abfbcb", "777629cc"},
		{"aes-128-gcm", "link client", 0, "4bd52327882d66409a8303020a9cf8ad", "681f5685"},
		{"aes-128-gcm", "link server", 0, "cda1d10ecfadef63d317ab835bf907f8", "985b7b38"},
		{"none", "data", 0, "524f16ac733b8ed0a2f0e5e4e84e5e2f", "a3cdcb8f"},
		{"aes-192-gcm", "data", 0, "508a433a5a9887cc285d8781f190b4fe0bcd4fc35cab734a", "23606e18"},
		{"aes-256-gcm", "data", 0, "54329e5440695041e8e9148a03faf6ff026d1b09f9eb1ae962208d5c55fa2d0e", "ffa1e92b"},
		{"aes-256-gcm", "data", 1, "ec58296b5dca9ccacfc48f20820cf9effbaaa75f76c358771dc91538b66ec5b0", "7fc9e899"},
	}
	for _, tt := range tests {
		key, salt, err := deriveKey(vectorSecret(), vectorSession, tt.cipher, tt.direction, tt.epoch)
		if err != nil {
			t.Fatal(err)
		}
		if hex.EncodeToString(key) != tt.key || hex.EncodeToString(salt) != tt.salt {
			t.Errorf("%s %s %d: key %x salt %x", tt.cipher, tt.direction, tt.epoch, key, salt)
		}
	}
	for _, name := range []string{"", "aes-128-gcm ", "None", "chacha20-poly1305"} {
		if _, err := NewKeys(vectorSecret(), vectorSession, name, DirData); err == nil {
			t.Errorf("cipher %q was accepted", name)
		}
	}
}

func TestPacketVectors(t *testing.T) {
	header := func(typ Type, pn uint64) []byte {
		h := make([]byte, HeaderSize(typ), 256)
		PutPrefix(h, typ, vectorConn, pn)
		return h
	}
	data := header(TypeData, 5)
	PutSendTime(data, 0x01234567)
	PutOffset(data, 0x123456789a)
	late := header(TypeData, 1<<32+7)
	PutSendTime(late, 1_000_000)
	PutOffset(late, 0)
	sync := header(TypeSync, 6)
	PutSendTime(sync, 1_000_000)
	syncBody := Sync{Closed: true, Settled: 300, RTTMicros: 100_000, Total: 1 << 20, RateBps: 300e6}
	feedback := Feedback{HasEcho: true, Echo24: 0x0f4240, Hold: 250, Arrival: 5_000_000, Packets: 1000, Bytes: 1_472_000,
		MinDelay24: 0xfffff0, MeanDelay: 120, Written: 1 << 20, Drops: 2, From: 900, To: 1010,
		Gaps: []Gap{{905, 1}, {950, 3}}}
	hello := Link{Kind: LinkHello, Session: vectorSession, Seq: 3, Size: 1232, Time: 123456}
	tests := []struct {
		name      string
		cipher    string
		direction Direction
		header    []byte
		body      []byte
		pn        uint64
		want      string
	}{
		{"data", "aes-128-gcm", DirData, data, []byte("hello, world"), 5,
			"11556677880000000523456700123456789a41fd1027d28bceea58b9c87b0d123b580870e048a8f212db11543a5c"},
		{"data of a later key", "aes-128-gcm", DirData, late, []byte("x"), 1<<32 + 7,
			"1155667788000000070f4240000000000000f4bf3a8c1e516b9bb8eca44b096a5da307"},
		{"sync", "aes-128-gcm", DirData, sync, syncBody.Append(nil), 6,
			"1255667788000000060f42402089db5635374315fa23de8ae543dbcbf2c36fee364440e8d20085027589"},
		{"feedback", "aes-128-gcm", DirFeedback, header(TypeFeedback, 42), feedback.Append(nil), 42,
			"13556677880000002a0d6b3469213fc75e24f519964b0ef194b8099560abe5524d5cc28c8b3939ba2535670f8d9b839e4616615f36e9f89a3e"},
		{"data in the clear", "none", DirData, data, []byte("hello, world"), 5,
			"11556677880000000523456700123456789a68656c6c6f2c20776f726c649f377bdc6b7bb5a9b3793d0b8631728a"},
		{"hello", "aes-128-gcm", DirLinkClient, header(TypeLink, 3), hello.Append(nil), 3,
			"145566778800000003b29170c0a11a7c2f9b6b9f0a18c9df71ada9e45f593a8067d2195d8193d332947e69cefa550e449935b3a29688d3dfa7927d143eaa867f5b7b2eca9d2ae1d96a697d8d452898c539cc2cade938"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := NewKeys(vectorSecret(), vectorSession, tt.cipher, tt.direction)
			if err != nil {
				t.Fatal(err)
			}
			p, err := keys.Seal(tt.header, tt.body, tt.pn)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(p); got != tt.want {
				t.Errorf("sealed\n%s, want\n%s", got, tt.want)
			}
			head, err := ParsePrefix(p)
			if err != nil {
				t.Fatal(err)
			}
			pn := FullPN(head.PN, tt.pn+3)
			if head.ConnID != vectorConn || pn != tt.pn {
				t.Errorf("prefix %+v, packet number %d", head, pn)
			}
			back, err := keys.Open(nil, p, HeaderSize(head.Type), pn)
			if err != nil || string(back) != string(tt.body) {
				t.Errorf("opened %x, %v", back, err)
			}
			for i := range p {
				p[i] ^= 1
				if _, err := keys.Open(nil, p, HeaderSize(head.Type), pn); !errors.Is(err, ErrForged) {
					t.Errorf("byte %d changed: %v", i, err)
				}
				p[i] ^= 1
			}
			if _, err := keys.Open(nil, p, HeaderSize(head.Type), pn+1); !errors.Is(err, ErrForged) {
				t.Errorf("other packet number: %v", err)
			}
		})
	}
}

func TestBodyVectors(t *testing.T) {
	sync := Sync{Closed: true, Settled: 300, RTTMicros: 100_000, Total: 1 << 20, RateBps: 300e6}
	if got := hex.EncodeToString(sync.Append(nil)); got != "01ac02a08d0680804080c6868f01" {
		t.Errorf("sync %s", got)
	}
	f := Feedback{HasEcho: true, Echo24: 0x0f4240, Hold: 250, Arrival: 5_000_000, Packets: 1000, Bytes: 1_472_000,
		MinDelay24: 0xfffff0, MeanDelay: 120, Written: 1 << 20, Drops: 2, From: 900, To: 1010,
		Gaps: []Gap{{905, 1}, {950, 3}}}
	body := f.Append(nil)
	if got := hex.EncodeToString(body); got != "020f4240fffff0fa01c096b102e80780ec5978808040000284076e0205012c03" {
		t.Errorf("feedback %s", got)
	}
	var back Feedback
	if err := back.Parse(body); err != nil || cmp.Diff(f, back) != "" {
		t.Errorf("feedback read back: %v %s", err, cmp.Diff(f, back))
	}
	for n := range body {
		if err := back.Parse(body[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("feedback cut at %d: %v", n, err)
		}
	}
}

func TestFullPN(t *testing.T) {
	tests := []struct {
		low            uint32
		expected, want uint64
	}{
		{5, 0, 5},
		{0xffffffff, 0, 0xffffffff},
		{5, 1<<32 - 1, 1<<32 + 5},
		{0xfffffff0, 1<<32 + 3, 0xfffffff0},
		{3, 5<<32 + 3, 5<<32 + 3},
		{0x80000001, 5 << 32, 4<<32 + 0x80000001},
	}
	for _, tt := range tests {
		if got := FullPN(tt.low, tt.expected); got != tt.want {
			t.Errorf("FullPN(%x, %x) = %x, want %x", tt.low, tt.expected, got, tt.want)
		}
	}
}

func TestReplay(t *testing.T) {
	var r Replay
	for _, pn := range []uint64{0, 1, 5, 3, 1000, 2000, 100_000} {
		if !r.Fresh(pn) {
			t.Errorf("%d is not fresh", pn)
		}
		r.Mark(pn)
		if r.Fresh(pn) {
			t.Errorf("%d may be replayed", pn)
		}
	}
	for _, pn := range []uint64{0, 2000, 100_000 - 1024} {
		if r.Fresh(pn) {
			t.Errorf("%d is older than the window but fresh", pn)
		}
	}
	if !r.Fresh(99_999) || !r.Fresh(100_001) {
		t.Error("numbers not seen are not fresh")
	}
}

func TestElapsed24(t *testing.T) {
	tests := []struct {
		now, then uint32
		want      int32
	}{
		{100, 40, 60}, {40, 100, -60}, {5, 0xfffffb, 10}, {0xfffffb, 5, -10},
	}
	for _, tt := range tests {
		if got := Elapsed24(tt.now, tt.then); got != tt.want {
			t.Errorf("Elapsed24(%d, %d) = %d, want %d", tt.now, tt.then, got, tt.want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	for _, name := range []string{"aes-128-gcm", "none"} {
		noAllocations(t, name)
	}
}

func noAllocations(t *testing.T, cipher string) {
	keys, err := NewKeys(vectorSecret(), vectorSession, cipher, DirData)
	if err != nil {
		t.Fatal(err)
	}
	header := make([]byte, DataHeaderSize, MaxDatagram)
	plain := make([]byte, 1400)
	out := make([]byte, 0, MaxDatagram)
	pn := uint64(0)
	n := testing.AllocsPerRun(200, func() {
		PutPrefix(header, TypeData, 1, pn)
		p, err := keys.Seal(header, plain, pn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Open(out, p, DataHeaderSize, pn); err != nil {
			t.Fatal(err)
		}
		pn++
	})
	if n != 0 {
		t.Errorf("%s: %v allocations per packet", cipher, n)
	}
}

// TestForgedNumbers opens packets of epochs far away and of the next one: forged ones allocate nothing after the
// first, and honest ones open.
func TestForgedNumbers(t *testing.T) {
	seal, err := NewKeys(vectorSecret(), vectorSession, "aes-128-gcm", DirData)
	if err != nil {
		t.Fatal(err)
	}
	open, err := NewKeys(vectorSecret(), vectorSession, "aes-128-gcm", DirData)
	if err != nil {
		t.Fatal(err)
	}
	forged := make([]byte, 100)
	scratch := make([]byte, 0, 100)
	n := testing.AllocsPerRun(100, func() {
		for _, pn := range []uint64{1 << EpochBits, 2 << EpochBits, 1 << 40} {
			if _, err := open.Open(scratch, forged, DataHeaderSize, pn); !errors.Is(err, ErrForged) {
				t.Fatal(err)
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for three forged packets", n)
	}
	for _, pn := range []uint64{7, 1<<EpochBits + 1, 8, 2<<EpochBits + 1, 1<<EpochBits + 2, 3 << EpochBits} {
		header := make([]byte, DataHeaderSize, 100)
		PutPrefix(header, TypeData, 1, pn)
		p, err := seal.Seal(header, []byte("honest"), pn)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := open.Open(nil, p, DataHeaderSize, pn); err != nil || string(got) != "honest" {
			t.Errorf("packet %d: %q, %v", pn, got, err)
		}
	}
}
