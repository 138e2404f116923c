package control

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func samples() []Message {
	return []Message{
		&Hello{Version: 1, Direction: "send", Token: "T", Destination: "/in",
			Options: Options{Resume: "attrs", CreateDir: true}},
		&Welcome{Version: 1, SessionID: "s", LinkID: 1<<63 + 5, Secret: bytes.Repeat([]byte{7}, 32), UDPPort: 33001},
		&Error{Code: 41, Message: "path is not allowed"},
		&Entry{Kind: KindFile, Path: "a/ü b", Size: 1 << 40, ModTime: -5, Mode: 0o644},
		&Entry{Kind: KindFolder, Path: "a", Mode: 0o755},
		&Entry{Kind: KindFailed, Path: "x", Code: 5, Text: "permission denied"},
		&Entry{Kind: KindLink, Path: "l", ModTime: 1, Mode: 0o777,
			Attributes: &Attributes{UID: new(uint32(0)), GID: new(uint32(1<<32 - 1)), Link: "../x"}},
		&Entry{Kind: KindFile, Path: "f", Size: 5 << 20, Attributes: &Attributes{
			AccessTime: -7, Xattrs: []Xattr{{Name: "user.a", Value: []byte{0, 1}}, {Name: "user.b", Value: []byte{}}},
			Sparse: true, Data: []Range{{Offset: 1 << 20, Length: 1 << 20}, {Offset: 4 << 20, Length: 1 << 20}},
		}},
		&Entry{Kind: KindFile, Path: "hole", Size: 5 << 20, Attributes: &Attributes{Sparse: true}},
		&Entry{Kind: KindFile, Path: "p", Size: 5,
			Attributes: &Attributes{Part: &Part{Index: 2, Count: 3, Offset: 1 << 20, Total: 1 << 30}}},
		&End{Entries: 3, Bytes: 1 << 40},
		&Want{Index: 300},
		&Have{Index: 1, More: true, Ranges: []Range{{Offset: 0, Length: 1 << 20}, {Offset: 3 << 20, Length: 5}},
			Hashes: []ChunkHash{{Chunk: 3, Hash: [16]byte{9}}}},
		&Sending{Index: 1, Ranges: []Range{{Offset: 1 << 20, Length: 2 << 20}}},
		&Digest{Index: 2, Hash: [16]byte{1, 2}, Checksum: []byte{3, 200}},
		&FileDone{Index: 2, Status: FileFailed, Code: 25, Text: "no space left"},
		&Complete{Files: 1, Skipped: 2, Failed: 3, Bytes: 4},
		&Keepalive{},
		&Rate{TargetKbps: 100000},
		&Continue{},
		&Sources{Sources: []Source{{Source: "/a"}, {Source: "/b", Destination: "c"}}, More: true},
	}
}

func TestMessagesSurviveTheWire(t *testing.T) {
	var stream []byte
	for _, m := range samples() {
		var err error
		if stream, err = Append(stream, m); err != nil {
			t.Fatal(err)
		}
	}
	r := NewReader(bytes.NewReader(stream))
	for _, want := range samples() {
		got, err := r.Read()
		if err != nil {
			t.Fatalf("read %T: %v", want, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%T (-want +got):\n%s", want, diff)
		}
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, want EOF", err)
	}
}

// The vectors are those of docs/protocol.md.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		m    Message
		want string
	}{
		{&Entry{Kind: KindFile, Path: "a/b", Size: 300, ModTime: 1, Mode: 0o644}, "0000000a04" + "01" + "03612f62" + "ac02" +
			"02" + "a403"},
		{
			&Entry{Kind: KindLink, Path: "l", Attributes: &Attributes{UID: new(uint32(300)),
				Xattrs: []Xattr{{Name: "user.a", Value: []byte{9}}}, Link: "x"}},
			"0000001704" + "04" + "016c" + "00" + "00" + "00" + "0102ac02" + "0408" + "06757365722e61" + "09" + "050178",
		},
		{&Want{Index: 300}, "0000000206" + "ac02"},
		{&Sending{Index: 1, Ranges: []Range{{Offset: 16, Length: 32}, {Offset: 64, Length: 1}}}, "0000000708" + "01" + "00" +
			"02" + "1020" + "1001"},
		{&FileDone{Index: 2, Status: FileFailed, Code: 25, Text: "full"}, "000000080a" + "02" + "02" + "19" + "0466756c6c"},
		{&Keepalive{}, "000000000c"},
		{&Continue{}, "000000000e"},
		{
			&Sources{Sources: []Source{{Source: "/a"}}, More: true},
			"000000290f" + hex.EncodeToString([]byte(`{"sources":[{"source":"/a"}],"more":true}`)),
		},
	} {
		b, err := Append(nil, c.m)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(b); got != c.want {
			t.Errorf("%T: %s, want %s", c.m, got, c.want)
		}
	}
}

func TestMalformed(t *testing.T) {
	for name, in := range map[string]string{
		"too long":           "\x00\x20\x00\x00\x04",
		"cut varint":         "\x00\x00\x00\x01\x06\x80",
		"trailing":           "\x00\x00\x00\x02\x06\x01\x01",
		"unknown kind":       "\x00\x00\x00\x05\x04\x09\x00\x00\x00\x00",
		"count beyond bytes": "\x00\x00\x00\x05\x08\x01\x00\xff\xff\x03",
		"hello not json":     "\x00\x00\x00\x02\x01{x",
		"hello too long":     "\x00\x04\x00\x01\x01",
		"attribute twice":    "\x00\x00\x00\x0c\x04\x01\x01a\x00\x00\x00\x01\x01\x05\x01\x01\x05",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewReader(strings.NewReader(in)).Read(); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v, want ErrMalformed", err)
			}
		})
	}
	if _, err := NewReader(strings.NewReader("\x00\x00\x00\x05\x04\x01")).Read(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
}

func TestUnknownTypesAreSkipped(t *testing.T) {
	m, err := NewReader(strings.NewReader("\x00\x00\x00\x02\xc8ab\x00\x00\x00\x00\x0c")).Read()
	if _, ok := m.(*Keepalive); !ok || err != nil {
		t.Errorf("got %T, %v", m, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, m := range samples() {
		b, err := Append(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got := allocated(func() {
			for r := NewReader(bytes.NewReader(in)); ; {
				if _, err := r.Read(); err != nil {
					return
				}
			}
		})
		if got > mayAllocate(len(in)) {
			t.Errorf("%d bytes allocated for %d", got, len(in))
		}
		r := NewReader(bytes.NewReader(in))
		for {
			m, err := r.Read()
			if err != nil {
				return
			}
			first, err := Append(nil, m)
			if err != nil {
				t.Fatalf("%T does not encode again: %v", m, err)
			}
			again, err := NewReader(bytes.NewReader(first)).Read()
			if err != nil {
				t.Fatalf("%T does not decode again: %v", m, err)
			}
			second, err := Append(nil, again)
			if err != nil || !bytes.Equal(first, second) {
				t.Fatalf("%T changes on the way: %x %x %v", m, first, second, err)
			}
		}
	})
}
