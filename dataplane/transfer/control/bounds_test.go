package control

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// allocated is how many bytes f allocates, garbage included.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// mayAllocate is the bound for a stream of n bytes. A range of two bytes becomes one of 16; an empty object of three
// bytes becomes a source of 32, in a list that grows, of which checkShape permits maxValues.
func mayAllocate(n int) int { return 64<<10 + 48*n }

func frame(t Type, claimed int, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(claimed))
	return append(append(b, byte(t)), payload...)
}

func TestReaderAllocatesForWhatCame(t *testing.T) {
	for name, in := range map[string][]byte{
		"a frame that is claimed":    frame(TypeHave, MaxFrame, nil),
		"a hello that is claimed":    frame(TypeHello, MaxHello, []byte("{")),
		"a frame of which half came": frame(TypeSending, MaxFrame, make([]byte, MaxFrame/2)),
		"ranges that are claimed":    frame(TypeSending, 6, []byte{1, 0, 0xff, 0xff, 0xff, 0x07}),
		"hashes that are claimed":    frame(TypeHave, 7, []byte{1, 0, 0, 0, 0xff, 0xff, 0x07}),
		"a path that is claimed":     frame(TypeEntry, 3, []byte{1, 0xff, 0x1f}),
		"more ranges than a message has": frame(TypeHave, MaxFrame,
			append([]byte{0, 0, 0, 0xf0, 0xff, 0x1f}, make([]byte, MaxFrame-6)...)),
		"empty sources":                     frame(TypeHello, MaxHello, fill(`{"sources":[`, `{},`, MaxHello)),
		"empty patterns":                    frame(TypeHello, MaxHello, fill(`{"options":{"exclude":[`, `"",`, MaxHello)),
		"nested tags":                       frame(TypeHello, MaxHello, fill(`{"tags":`, `[`, MaxHello)),
		"nested objects":                    frame(TypeHello, MaxHello, fill(`{"tags":`, `{"a":`, MaxHello)),
		"unknown fields of empty objects":   frame(TypeHello, MaxHello, fill(`{"x":[`, `{},`, MaxHello)),
		"the same field again and again":    frame(TypeHello, MaxHello, fill(`{`, `"tags":1,`, MaxHello)),
		"empty sources after authorization": frame(TypeSources, MaxFrame, fill(`{"sources":[`, `{},`, MaxFrame)),
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			got := allocated(func() { _, err = NewReader(bytes.NewReader(in)).Read() })
			if err == nil {
				t.Error("it is taken")
			}
			if most := mayAllocate(len(in)) / 8; got > max(most, 64<<10) {
				t.Errorf("%d bytes allocated for %d, want at most %d", got, len(in), most)
			}
		})
	}
}

// fill is text that begins with one text and goes on with another, up to a length.
func fill(begin, more string, n int) []byte {
	return []byte((begin + strings.Repeat(more, n/len(more)+1))[:n])
}

func TestReadHelloReadsNothingBehindIt(t *testing.T) {
	hello, err := Append(nil, &Hello{Version: 1, Direction: "send", Token: "T"})
	if err != nil {
		t.Fatal(err)
	}
	r := bytes.NewReader(append(hello, 1, 2, 3))
	if m, err := ReadHello(r); err != nil || m.Token != "T" || r.Len() != 3 {
		t.Errorf("%+v, %v, %d bytes are left", m, err, r.Len())
	}
	for name, c := range map[string]struct {
		in   []byte
		left int
	}{
		"another message": {frame(TypeHave, 100, make([]byte, 100)), 100},
		"keepalive":       {frame(TypeKeepalive, 0, make([]byte, 100)), 100},
		"unknown type":    {frame(200, 100, make([]byte, 100)), 100},
		"too long":        {frame(TypeHello, MaxHello+1, make([]byte, 100)), 100},
	} {
		r := bytes.NewReader(c.in)
		if _, err := ReadHello(r); !errors.Is(err, ErrMalformed) || r.Len() != c.left {
			t.Errorf("%s: %v, %d bytes are left", name, err, r.Len())
		}
	}
	if _, err := ReadHello(bytes.NewReader(hello[:20])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
}

func TestSplitSources(t *testing.T) {
	for name, source := range map[string]func(i int) Source{
		"many":             func(i int) Source { return Source{Source: fmt.Sprint(i), Destination: fmt.Sprint(i)} },
		"long":             func(i int) Source { return Source{Source: fmt.Sprint(strings.Repeat("ü", 1000), i)} },
		"longer as JSON":   func(i int) Source { return Source{Source: fmt.Sprint(strings.Repeat("\x01<\"", 1000), i)} },
		"not UTF-8":        func(i int) Source { return Source{Source: fmt.Sprint(strings.Repeat("\xff", 3000), i)} },
		"longer than half": func(i int) Source { return Source{Source: strings.Repeat("a", MaxSourcesBytes+i)} },
	} {
		t.Run(name, func(t *testing.T) {
			n := 20_000
			if len(source(0).Source) > 1000 {
				n = 100
			}
			var all []Source
			for i := range n {
				all = append(all, source(i))
			}
			sum := 0
			for i, part := range SplitSources(all) {
				hello := &Hello{Sources: part, Token: strings.Repeat("t", 60<<10), MoreSources: true}
				b, err := Append(nil, hello)
				if err != nil {
					t.Fatal(err)
				}
				m, err := NewReader(bytes.NewReader(b)).Read()
				if err != nil || len(m.(*Hello).Sources) != len(part) {
					t.Fatalf("part %d of %d sources: %v", i, len(part), err)
				}
				sum += len(part)
			}
			if sum != n {
				t.Errorf("%d of %d sources", sum, n)
			}
		})
	}
	if parts := SplitSources(nil); len(parts) != 1 || len(parts[0]) != 0 {
		t.Errorf("no sources are %d parts", len(parts))
	}
}

// FuzzReadHello has what a stranger says take no more memory than its length permits, and no more be read than it.
func FuzzReadHello(f *testing.F) {
	hello, err := Append(nil, samples()[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hello)
	f.Add(frame(TypeHello, MaxHello, nil))
	f.Add(frame(TypeHello, 600, fill(`{"sources":[`, `{},`, 600)))
	f.Fuzz(func(t *testing.T, in []byte) {
		if got := allocated(func() { _, _ = ReadHello(bytes.NewReader(in)) }); got > mayAllocate(len(in)) {
			t.Errorf("%d bytes allocated for %d", got, len(in))
		}
	})
}
