package wire

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a parser accepts, it can write so that it reads the same again.

func FuzzParsePrefix(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0x11}, DataHeaderSize+TagSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePrefix(b)
		if err != nil {
			return
		}
		if len(b) < HeaderSize(p.Type)+TagSize {
			t.Fatal("accepted a packet shorter than its header")
		}
		again := make([]byte, len(b))
		PutPrefix(again, p.Type, p.ConnID, uint64(p.PN))
		if !bytes.Equal(again[:PrefixSize], b[:PrefixSize]) {
			t.Fatalf("%x became %x", b[:PrefixSize], again[:PrefixSize])
		}
	})
}

func FuzzSync(f *testing.F) {
	f.Add([]byte{})
	f.Add((&Sync{Closed: true, Bye: true, Abort: true, Settled: 1 << 40, RTTMicros: 9, Total: 1,
		RateBps: 1 << 62}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s, again Sync
		if s.Parse(b) != nil {
			return
		}
		if err := again.Parse(s.Append(nil)); err != nil || again != s {
			t.Fatalf("%+v became %+v: %v", s, again, err)
		}
	})
}

func FuzzFeedback(f *testing.F) {
	f.Add([]byte{})
	f.Add((&Feedback{Done: true, HasEcho: true, From: 7, To: 100, Gaps: []Gap{{7, 1}, {9, 80}}}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, again Feedback
		if v.Parse(b) != nil {
			return
		}
		at := v.From
		for _, g := range v.Gaps {
			if g.First < at || g.Count == 0 || g.First+g.Count > v.To || g.First+g.Count < g.First {
				t.Fatalf("gap %+v outside of [%d, %d)", g, at, v.To)
			}
			at = g.First + g.Count
		}
		if err := again.Parse(v.Append(nil)); err != nil || cmp.Diff(v, again) != "" {
			t.Fatalf("%v: %s", err, cmp.Diff(v, again))
		}
	})
}

func FuzzLink(f *testing.F) {
	f.Add([]byte{})
	f.Add((&Link{Kind: LinkReady, Session: 1, Seq: 2, Size: 3, Token: 4, Time: 5, Arrival: 6, UpBps: 7, DownBps: 8,
		RTTMicro: 9}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l, again Link
		if l.Parse(b) != nil {
			return
		}
		if err := again.Parse(l.Append(nil)); err != nil || again != l {
			t.Fatalf("%+v became %+v: %v", l, again, err)
		}
	})
}

// FuzzOpen has forged packets change nothing that opening honest ones needs.
func FuzzOpen(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0x11}, 64), uint64(1<<40))
	f.Add(bytes.Repeat([]byte{0x11}, 34), uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, pn uint64) {
		openForged(t, "aes-256-gcm", b, pn)
		openForged(t, "none", b, pn)
	})
}

func openForged(t *testing.T, cipher string, b []byte, pn uint64) {
	keys, err := NewKeys([32]byte{1}, 2, cipher, DirData)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Open(nil, b, DataHeaderSize, pn); err == nil {
		t.Fatal("a forged packet was accepted")
	}
	h := make([]byte, DataHeaderSize, 64)
	p, err := keys.Seal(h, []byte("bytes"), 3)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keys.Open(nil, p, DataHeaderSize, 3); err != nil || string(got) != "bytes" {
		t.Fatalf("%q, %v", got, err)
	}
}
