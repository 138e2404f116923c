package atrest

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
)

// readers are the two ways to the plaintext.
func readers(p *Passphrase, box []byte) map[string]func() ([]byte, error) {
	return map[string]func() ([]byte, error){
		"decrypt": func() ([]byte, error) {
			var out bytes.Buffer
			_, err := p.Decrypt(&out, bytes.NewReader(box))
			return out.Bytes(), err
		},
		"open": func() ([]byte, error) {
			o, err := p.Open(bytes.NewReader(box), int64(len(box)))
			if err != nil {
				return nil, err
			}
			return io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
		},
	}
}

func refused(err error) bool {
	return errors.Is(err, ErrFormat) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrPassphrase)
}

// Every byte of a container is authenticated, also that of an empty file.
func TestEveryFlippedByte(t *testing.T) {
	p := passphrase(t, "correct horse")
	for _, size := range []int{0, 1, 40} {
		box := sealed(t, noise(1, size), FileSalt{7}, MinChunk)
		for i := range box {
			for _, bit := range []byte{1, 0x80} {
				// A changed setting of the hash has its price, which is not what this test is about.
				if i >= 12 && i < 20 && (i != 15 && i != 19 || bit != 1) {
					continue
				}
				bad := slices.Clone(box)
				bad[i] ^= bit
				for name, read := range readers(p, bad) {
					if _, err := read(); !refused(err) {
						t.Errorf("byte %d of %d ^ %x: %s says %v", i, len(box), bit, name, err)
					}
				}
			}
		}
	}
}

func TestCutExtendedReordered(t *testing.T) {
	const c = MinChunk + overhead
	p := passphrase(t, "correct horse")
	plain := noise(8, 3*MinChunk)
	box := sealed(t, plain, FileSalt{8}, MinChunk)
	odd := sealed(t, noise(9, 3*MinChunk-1), FileSalt{8}, MinChunk)
	empty := sealed(t, nil, FileSalt{8}, MinChunk)
	chunk := func(b []byte, i int) []byte { return b[HeaderLen+i*c : min(len(b), HeaderLen+(i+1)*c)] }
	head := box[:HeaderLen]
	for name, bad := range map[string][]byte{
		"nothing":                     nil,
		"half a header":               head[:50],
		"header alone":                head,
		"header and a few bytes":      box[:HeaderLen+5],
		"first chunk":                 box[:HeaderLen+c],
		"two chunks":                  box[:HeaderLen+2*c],
		"two chunks and a bit":        box[:HeaderLen+2*c+overhead],
		"all but a byte":              box[:len(box)-1],
		"a byte more":                 slices.Concat(box, []byte{0}),
		"a chunk more":                slices.Concat(box, chunk(box, 2)),
		"an empty chunk more":         slices.Concat(box, empty[HeaderLen:]),
		"two chunks swapped":          slices.Concat(head, chunk(box, 1), chunk(box, 0), chunk(box, 2)),
		"a chunk twice":               slices.Concat(head, chunk(box, 0), chunk(box, 0), chunk(box, 2)),
		"a chunk missing":             slices.Concat(head, chunk(box, 0), chunk(box, 2)),
		"chunks of two of one salt":   slices.Concat(head, chunk(box, 0), chunk(box, 1), chunk(odd, 1)),
		"last chunk alone":            slices.Concat(head, chunk(box, 2)),
		"two containers in one":       slices.Concat(box, box),
		"a short chunk in the middle": slices.Concat(head, chunk(box, 0), chunk(odd, 2), chunk(box, 2)),
	} {
		for how, read := range readers(p, bad) {
			if _, err := read(); !refused(err) {
				t.Errorf("%s: %s says %v", name, how, err)
			}
		}
	}
	// Under one salt, at the same place, a chunk of another version of the file is authentic: it is the same key. That is
	// why salts depend on time and size.
	mixed := slices.Concat(odd[:HeaderLen], chunk(box, 0), chunk(odd, 1), chunk(odd, 2))
	if got, err := readers(p, mixed)["decrypt"](); err != nil || !bytes.Equal(got[:MinChunk], plain[:MinChunk]) {
		t.Errorf("chunks of two versions: %v", err)
	}
	// A chunk of a file with another salt is not.
	other := sealed(t, plain, FileSalt{9}, MinChunk)
	for how, read := range readers(p, slices.Concat(head, chunk(other, 0), chunk(box, 1), chunk(box, 2))) {
		if _, err := read(); !errors.Is(err, ErrDamaged) {
			t.Errorf("a chunk of another file: %s says %v", how, err)
		}
	}
}

func TestHeaderBounds(t *testing.T) {
	box := sealed(t, nil, FileSalt{}, MinChunk)
	for name, change := range map[string]func(b []byte){
		"no threads":       func(b []byte) { b[10] = 0 },
		"many threads":     func(b []byte) { b[10] = 17 },
		"small chunks":     func(b []byte) { b[11] = 15 },
		"big chunks":       func(b []byte) { b[11] = 21 },
		"no passes":        func(b []byte) { b[15] = 0 },
		"many passes":      func(b []byte) { b[15] = 17 },
		"endless passes":   func(b []byte) { b[12] = 0xff },
		"little memory":    func(b []byte) { b[19] = 7 },
		"enormous memory":  func(b []byte) { b[16] = 0xff },
		"too much memory":  func(b []byte) { copy(b[16:], []byte{0, 4, 0, 1}) },
		"too much work":    func(b []byte) { copy(b[12:], []byte{0, 0, 0, 5, 0, 4, 0, 0}) },
		"another version":  func(b []byte) { b[8] = 2 },
		"another hash":     func(b []byte) { b[9] = 2 },
		"another magic":    func(b []byte) { b[0] = 'F' },
		"threads > memory": func(b []byte) { b[10] = 2 },
	} {
		bad := slices.Clone(box)
		change(bad)
		if _, _, err := parseHeader(bad); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add(sealed(f, nil, FileSalt{1}, MinChunk))
	f.Add(sealed(f, []byte("hello"), FileSalt{2}, MaxChunk)[:HeaderLen])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, tag, err := parseHeader(b)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("error %v", err)
			}
			return
		}
		if err := h.params.validate(); err != nil || h.chunk < MinChunk || h.chunk > MaxChunk {
			t.Errorf("accepted %+v", h)
		}
		if got := append(h.bound(), tag[:]...); !bytes.Equal(got, b[:HeaderLen]) {
			t.Errorf("encodes to\n%x, was\n%x", got, b[:HeaderLen])
		}
	})
}

// Nobody without the passphrase can make a container, and no bytes make a reader fail otherwise.
func FuzzDecrypt(f *testing.F) {
	f.Add(sealed(f, []byte("hello"), FileSalt{2}, MinChunk)[HeaderLen:])
	f.Add([]byte{})
	whole := sealed(f, []byte("hello"), FileSalt{2}, MinChunk)
	p := passphrase(f, "correct horse")
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, read := range readers(p, slices.Concat(whole[:HeaderLen], body)) {
			if _, err := read(); bytes.Equal(body, whole[HeaderLen:]) != (err == nil) || err != nil && !refused(err) {
				t.Errorf("%s says %v", name, err)
			}
		}
	})
}
