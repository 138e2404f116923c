package atrest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func storageKey(t *testing.T, seed byte) *Key {
	t.Helper()
	k, err := NewKey(bytes.Repeat([]byte{seed}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func tempFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestWritesInAnyOrder writes files in pieces of all sizes, some twice, by several
// goroutines, and opens the containers.
func TestWritesInAnyOrder(t *testing.T) {
	ring := NewKeyring(storageKey(t, 1))
	for _, size := range []int64{0, 1, MinChunk - 1, MinChunk, MinChunk + 1, 5*MinChunk + 77} {
		random := rand.New(rand.NewPCG(uint64(size), 1))
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(random.Uint32())
		}
		f := tempFile(t)
		w, err := ring.Create(f, size)
		if err != nil {
			t.Fatal(err)
		}
		type piece struct{ from, to int64 }
		var pieces []piece
		for at := int64(0); at < size; {
			p := piece{at, min(size, at+1+random.Int64N([]int64{100, 5000, 3 * MinChunk}[random.IntN(3)]))}
			pieces = append(pieces, p)
			at = p.to
		}
		pieces = append(pieces, pieces[:len(pieces)/10]...)
		random.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		var group sync.WaitGroup
		for part := range 4 {
			group.Go(func() {
				for i := part; i < len(pieces); i += 4 {
					if _, err := w.WriteAt(want[pieces[i].from:pieces[i].to], pieces[i].from); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		got := make([]byte, size)
		if _, err := w.ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes read while it is written: %v", size, err)
		}
		info, err := f.Stat()
		if err != nil || info.Size() != w.Size() || info.Size() != EncryptedSize(size, MinChunk) {
			t.Errorf("the container of %d bytes has %d: %v", size, info.Size(), err)
		}
		o, err := ring.Open(f, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.ReadFull(io.NewSectionReader(o, 0, size), got); int64(n) != size || err != nil ||
			!bytes.Equal(got, want) {
			t.Errorf("%d bytes opened: %v", size, err)
		}
		head := make([]byte, HeaderLen)
		if _, err := f.ReadAt(head, 0); err != nil {
			t.Fatal(err)
		}
		if plain, ok := ring.PlainSize(head, info.Size()); !ok || plain != size {
			t.Errorf("plain size %d, %v, want %d", plain, ok, size)
		}
	}
}

func TestWritableIsResumed(t *testing.T) {
	ring, f := NewKeyring(storageKey(t, 1)), tempFile(t)
	const size = 3*MinChunk + 5
	w, err := ring.Create(f, size)
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.Repeat([]byte{1}, 2*MinChunk)
	if _, err := w.WriteAt(first, 0); err != nil {
		t.Fatal(err)
	}
	// A crash tears the second chunk.
	if err := f.Truncate(HeaderLen + MinChunk + overhead + 1000); err != nil {
		t.Fatal(err)
	}
	if w, err = ring.Resume(f, size); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, MinChunk)
	if _, err := w.ReadAt(got, 0); err != nil || !bytes.Equal(got, first[:MinChunk]) {
		t.Errorf("what was written: %v", err)
	}
	for _, off := range []int64{MinChunk, 2 * MinChunk} {
		if _, err := w.ReadAt(got[:1], off); err == nil {
			t.Errorf("what is not there is read at %d", off)
		}
	}
	if _, err := ring.Open(f, EncryptedSize(size, MinChunk)); err == nil {
		t.Error("a container that is not whole is opened")
	}
	if _, err := w.WriteAt(bytes.Repeat([]byte{2}, MinChunk+5), size-MinChunk-5); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteAt([]byte("x"), MinChunk+7); err != nil {
		t.Fatal(err)
	}
	want := make([]byte, MinChunk)
	want[7] = 'x'
	if _, err := w.ReadAt(got, MinChunk); err != nil || !bytes.Equal(got, want) {
		t.Errorf("a torn chunk that was written to: %v", err)
	}
	for name, call := range map[string]func() error{
		"beyond the end": func() error { _, err := w.WriteAt([]byte("xy"), size-1); return err },
		"before":         func() error { _, err := w.WriteAt([]byte("x"), -1); return err },
		"another file":   func() error { _, err := ring.Resume(tempFile(t), size); return err },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKeysAreTold(t *testing.T) {
	old, fresh := storageKey(t, 1), storageKey(t, 2)
	sealed, err := NewKeyring(old).Seal([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewKeyring(old).Seal([]byte("hello"))
	if err != nil || bytes.Equal(sealed, again) {
		t.Errorf("equal files have equal containers, %v", err)
	}
	ring := NewKeyring(fresh, old)
	o, err := ring.Open(bytes.NewReader(sealed), int64(len(sealed)))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := o.ReadAt(got, 0); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	ring.Set(fresh)
	if _, err := ring.Open(bytes.NewReader(sealed), int64(len(sealed))); !errors.Is(err, ErrKey) {
		t.Errorf("a key that is gone: %v", err)
	}
	if ring.Recognizes(sealed[:HeaderLen]) {
		t.Error("a container of another key is recognized")
	}
	p, err := NewPassphrase("passphrase")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Open(bytes.NewReader(sealed), int64(len(sealed))); !errors.Is(err, ErrFormat) {
		t.Errorf("with a passphrase: %v", err)
	}
	k, err := p.Key(Params{Passes: 1, MemoryKiB: 8, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var other bytes.Buffer
	if _, err := k.Encrypt(&other, strings.NewReader("x"), FileSalt{}, MinChunk); err != nil {
		t.Fatal(err)
	}
	if ring.Recognizes(other.Bytes()) {
		t.Error("a container of a passphrase is recognized")
	}
	for _, n := range []int{0, 31, 33} {
		if _, err := NewKey(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes is taken", n)
		}
	}
	if s := storageKey(t, 7).String(); strings.Contains(s, "\x07") {
		t.Error("a key prints itself")
	}
}

func TestChangedContainersOfStoragesAreRefused(t *testing.T) {
	ring := NewKeyring(storageKey(t, 1))
	sealed, err := ring.Seal(bytes.Repeat([]byte("content"), 30000))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{9, 10, 11, 20, 40, 70, 110, HeaderLen, HeaderLen + 500, len(sealed) - 1} {
		b := bytes.Clone(sealed)
		b[at] ^= 1
		o, err := ring.Open(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			_, err = io.Copy(io.Discard, io.NewSectionReader(o, 0, o.Size()))
		}
		if err == nil {
			t.Errorf("changed at %d: no error", at)
		}
	}
}

// The vectors of docs/encryption-at-rest.md.
func TestStorageKeyVectors(t *testing.T) {
	secret := make([]byte, KeySize)
	for i := range secret {
		secret[i] = byte(i)
	}
	k, err := NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := k.Encrypt(&out, strings.NewReader("hello"), FileSalt([]byte("a file salt is of 32 bytes, this")),
		MinChunk); err != nil {
		t.Fatal(err)
	}
	f := tempFile(t)
	if _, err := f.Write(out.Bytes()); err != nil {
		t.Fatal(err)
	}
	w, err := NewKeyring(k).Resume(f, 5)
	if err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 16)
	w.Values().Encrypt(value, value)
	for name, v := range map[string][2]string{
		"root": {hex.EncodeToString(k.root), "9c01ed0c19f7fab9e813a0b3cbdc85f0f2305632eac36ee849b0569135d438d0"},
		"check": {hex.EncodeToString(out.Bytes()[68:100]),
			"4b6a68c973a7bdd65b368a7a6c2544b15d579f10978b20e382d867c3cf097bf3"},
		"tag": {hex.EncodeToString(out.Bytes()[100:132]),
			"28803ca43d0e4f807d9bd760dca85ddd0b8b1603571de9f5d1fa44866a7ad736"},
		"chunk": {hex.EncodeToString(out.Bytes()[132:]),
			"d3c034dea37ec1ed89012fe18c5fda0bbc5161466f0acd077250074b395ec23f0e"},
		"value": {hex.EncodeToString(value), "89e686314f97f8b9ae84a52f20475a6e"},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %s, want %s", name, v[0], v[1])
		}
	}
}
