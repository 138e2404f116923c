package unfinished

import (
	"bytes"
	"testing"

	"faspex.io/operator/dataplane/transfer/chunk"
	"github.com/google/go-cmp/cmp"
)

func TestJournal(t *testing.T) {
	head := journalHeader{Size: 3<<20 + 1, ModTime: -7}
	var b bytes.Buffer
	b.Write(head.encode())
	b.Write(journalRecord(2, [16]byte{1}))
	b.Write(journalRecord(3, [16]byte{2}))
	whole := bytes.Clone(b.Bytes())
	for name, c := range map[string]struct {
		text []byte
		want map[int64][16]byte
		bad  bool
	}{
		"whole":             {whole, map[int64][16]byte{2: {1}, 3: {2}}, false},
		"torn":              {whole[:len(whole)-1], map[int64][16]byte{2: {1}}, false},
		"damaged record":    {damaged(whole, journalHeaderLen+9), map[int64][16]byte{}, false},
		"damaged header":    {damaged(whole, 5), nil, true},
		"chunk out of file": {append(head.encode(), journalRecord(5, [16]byte{})...), map[int64][16]byte{}, false},
		"empty":             {nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			h, chunks, err := readJournal(bytes.NewReader(c.text))
			if c.bad {
				if err == nil {
					t.Error("no error")
				}
				return
			}
			if err != nil || h != head {
				t.Errorf("%+v %v", h, err)
			}
			if diff := cmp.Diff(c.want, chunks); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func damaged(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

func FuzzJournal(f *testing.F) {
	f.Add(append(journalHeader{Size: 5 << 20}.encode(), journalRecord(1, [16]byte{1})...))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, chunks, err := readJournal(bytes.NewReader(text))
		if err != nil {
			return
		}
		for i := range chunks {
			if i < 0 || i > chunk.Count(h.Size) {
				t.Errorf("chunk %d of a file of %d bytes", i, h.Size)
			}
		}
	})
}
