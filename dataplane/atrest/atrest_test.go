package atrest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// quick are the cheapest settings that are allowed.
var quick = Params{Passes: 1, MemoryKiB: 8, Threads: 1, Salt: [16]byte([]byte("sixteen byte sal"))}

func passphrase(t testing.TB, text string) *Passphrase {
	t.Helper()
	p, err := NewPassphrase(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func key(t testing.TB, text string) *Key {
	t.Helper()
	k, err := passphrase(t, text).Key(quick)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func sealed(t testing.TB, plain []byte, salt FileSalt, chunk int) []byte {
	t.Helper()
	s, err := key(t, "correct horse").Seal(bytes.NewReader(plain), int64(len(plain)), salt, chunk)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(s, 0, s.Size()))
	if err != nil || int64(len(b)) != s.Size() {
		t.Fatalf("%v, %d bytes of %d", err, len(b), s.Size())
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	p := passphrase(t, "correct horse")
	for _, chunk := range []int{MinChunk, DefaultChunk, MaxChunk} {
		for _, size := range []int{0, 1, 15, 28, chunk - 1, chunk, chunk + 1, 2*chunk - 1, 2 * chunk, 5*chunk + 4711} {
			t.Run(fmt.Sprintf("%d in chunks of %d", size, chunk), func(t *testing.T) {
				plain := noise(1, size)
				box := sealed(t, plain, FileSalt{1}, chunk)
				if int64(len(box)) != EncryptedSize(int64(size), chunk) || !PlainSizeIs(int64(size), int64(len(box))) {
					t.Errorf("container has %d bytes, EncryptedSize says %d", len(box), EncryptedSize(int64(size), chunk))
				}
				var stream bytes.Buffer
				n, err := key(t, "correct horse").Encrypt(&stream, iotest.HalfReader(bytes.NewReader(plain)), FileSalt{1}, chunk)
				if err != nil || n != int64(size) || !bytes.Equal(stream.Bytes(), box) {
					t.Errorf("the stream is another container: %v, %d bytes", err, n)
				}
				var out bytes.Buffer
				n, err = p.Decrypt(&out, iotest.DataErrReader(bytes.NewReader(box)))
				if err != nil || n != int64(size) || !bytes.Equal(out.Bytes(), plain) {
					t.Errorf("decrypted: %v, %d bytes", err, n)
				}
				o, err := p.Open(bytes.NewReader(box), int64(len(box)))
				if err != nil || o.Size() != int64(size) {
					t.Fatalf("open: %v", err)
				}
				got, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
				if err != nil || !bytes.Equal(got, plain) {
					t.Errorf("opened: %v, %d bytes", err, len(got))
				}
			})
		}
	}
}

// Whatever part is read, by whomever and how often, is the same part.
func TestReadAtAnyOffset(t *testing.T) {
	const size = 6*MinChunk + 99
	plain := noise(2, size)
	box := sealed(t, plain, FileSalt{2}, MinChunk)
	s, err := key(t, "correct horse").Seal(bytes.NewReader(plain), size, FileSalt{2}, MinChunk)
	if err != nil {
		t.Fatal(err)
	}
	o, err := passphrase(t, "correct horse").Open(bytes.NewReader(box), int64(len(box)))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(worker)))
			for range 200 {
				for _, c := range []struct {
					r    io.ReaderAt
					want []byte
				}{{s, box}, {o, plain}} {
					off := r.IntN(len(c.want))
					b := make([]byte, r.IntN(2*MinChunk))
					n, err := c.r.ReadAt(b, int64(off))
					if rest := len(c.want) - off; n != min(rest, len(b)) || (err == nil) != (len(b) <= rest) || err != nil &&
						err != io.EOF {
						t.Errorf("read %d at %d: %d, %v", len(b), off, n, err)
					}
					if !bytes.Equal(b[:n], c.want[off:off+n]) {
						t.Errorf("read %d at %d: other bytes", len(b), off)
					}
				}
			}
		})
	}
	all.Wait()
	for _, r := range []io.ReaderAt{s, o} {
		if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
			t.Error("read before the start: no error")
		}
	}
}

func TestWrongPassphrase(t *testing.T) {
	box := sealed(t, noise(3, 1000), FileSalt{}, MinChunk)
	p := passphrase(t, "Correct horse")
	if _, err := p.Open(bytes.NewReader(box), int64(len(box))); !errors.Is(err, ErrPassphrase) {
		t.Errorf("open: %v", err)
	}
	var out bytes.Buffer
	if _, err := p.Decrypt(&out, bytes.NewReader(box)); !errors.Is(err, ErrPassphrase) || out.Len() > 0 {
		t.Errorf("decrypt: %v after %d bytes", err, out.Len())
	}
}

func TestPassphrases(t *testing.T) {
	if _, err := NewPassphrase(""); err == nil {
		t.Error("empty: no error")
	}
	for text, ok := range map[string]bool{"": false, "1234567": false, "12345678": true} {
		if _, err := NewEncryptionPassphrase(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	p := passphrase(t, "hunter2hunter2")
	k := key(t, "hunter2hunter2")
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(format+format, p, k); strings.Contains(text, "hunter2") || strings.Contains(text, "root") {
			t.Errorf("%s prints %s", format, text)
		}
	}
	a, _ := p.Key(quick)
	if b, _ := p.Key(quick); a != b {
		t.Error("the same settings are hashed twice")
	}
	for n := range byte(3 * keptKeys) {
		other := quick
		other.Salt[0] = n
		if _, err := p.Key(other); err != nil || len(p.keys) > keptKeys {
			t.Fatalf("%v, %d keys are kept", err, len(p.keys))
		}
	}
}

func TestFileSalt(t *testing.T) {
	k := key(t, "correct horse")
	if again := key(t, "correct horse"); again.FileSalt("a", 1, 2) != k.FileSalt("a", 1, 2) {
		t.Error("the salt of a file changes by itself")
	}
	seen := map[FileSalt]bool{}
	for _, s := range []FileSalt{
		k.FileSalt("a", 1, 2), k.FileSalt("b", 1, 2), k.FileSalt("a", 2, 2), k.FileSalt("a", 1, 3),
		key(t, "another horse").FileSalt("a", 1, 2),
	} {
		if seen[s] {
			t.Errorf("salt %x twice", s)
		}
		seen[s] = true
	}
}

// A file that was edited within the resolution of its time, so that its salt is the same, has another nonce in each
// chunk that differs, and the same bytes in each that does not.
func TestEditedFileWithOneSalt(t *testing.T) {
	const size = 3 * MinChunk
	plain := noise(4, size)
	before := sealed(t, plain, FileSalt{4}, MinChunk)
	plain[MinChunk+5] ^= 1
	after := sealed(t, plain, FileSalt{4}, MinChunk)
	l := layout{chunk: MinChunk, plain: size}
	for i := range int64(3) {
		a, b := before[l.at(i):l.at(i+1)], after[l.at(i):l.at(i+1)]
		switch {
		case i != 1 && !bytes.Equal(a, b):
			t.Errorf("chunk %d did not change, its container did", i)
		case i == 1 && bytes.Equal(a[:nonceLen], b[:nonceLen]):
			t.Error("the same nonce for other content")
		}
	}
	// Nor do equal chunks at two places share one.
	same := sealed(t, make([]byte, size), FileSalt{4}, MinChunk)
	if bytes.Equal(same[l.at(0):l.at(1)], same[l.at(1):l.at(2)]) {
		t.Error("equal chunks are seen to be equal")
	}
}

func TestFileShrinksWhileItIsRead(t *testing.T) {
	s, err := key(t, "correct horse").Seal(bytes.NewReader(make([]byte, 10)), 11, FileSalt{}, MinChunk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ReadAt(make([]byte, 1), HeaderLen); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

func TestReadErrorsPass(t *testing.T) {
	broken := errors.New("broken disk")
	var out bytes.Buffer
	if _, err := key(t, "correct horse").Encrypt(&out, iotest.ErrReader(broken), FileSalt{}, MinChunk); !errors.Is(err,
		broken) {
		t.Errorf("encrypt: %v", err)
	}
	box := sealed(t, noise(1, 100), FileSalt{}, MinChunk)
	for _, n := range []int{5, HeaderLen, HeaderLen + 20} {
		r := io.MultiReader(bytes.NewReader(box[:n]), iotest.ErrReader(broken))
		if _, err := passphrase(t, "correct horse").Decrypt(&out, r); !errors.Is(err, broken) {
			t.Errorf("decrypt %d bytes: %v", n, err)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		plain int64
		chunk int
		want  int64
	}{
		{0, MinChunk, 160}, {1, MinChunk, 161}, {MinChunk, MinChunk, 160 + MinChunk},
		{MinChunk + 1, MinChunk, 188 + MinChunk + 1},
		{1 << 40, MaxChunk, 132 + 1<<40 + 28<<20}, {-1, MinChunk, -1}, {1, 1000, -1}, {1, MaxChunk * 2, -1},
		{1 << 48, MinChunk, 132 + 1<<48 + 28<<32},
		{1<<48 + 1, MinChunk, -1}, {1<<63 - 1, MaxChunk, -1},
	} {
		if got := EncryptedSize(c.plain, c.chunk); got != c.want {
			t.Errorf("EncryptedSize(%d, %d) = %d, want %d", c.plain, c.chunk, got, c.want)
		}
	}
	if PlainSizeIs(100, 161) {
		t.Error("a container of one byte passes for one of 100")
	}
}

// A chunk costs no allocation, however often one is read that is not in memory.
func TestAllocations(t *testing.T) {
	const size = 8 * MinChunk
	plain := noise(5, size)
	box := sealed(t, plain, FileSalt{}, MinChunk)
	s, err := key(t, "correct horse").Seal(bytes.NewReader(plain), size, FileSalt{}, MinChunk)
	if err != nil {
		t.Fatal(err)
	}
	o, err := passphrase(t, "correct horse").Open(bytes.NewReader(box), int64(len(box)))
	if err != nil {
		t.Fatal(err)
	}
	b, off := make([]byte, MinChunk), int64(0)
	for name, r := range map[string]io.ReaderAt{"seal": s, "open": o} {
		n := testing.AllocsPerRun(50, func() {
			off = (off + 2*MinChunk) % (size - MinChunk)
			if _, err := r.ReadAt(b, off); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations a read", name, n)
		}
	}
}

// The vectors of docs/encryption-at-rest.md.
func TestVectors(t *testing.T) {
	salt := FileSalt([]byte("a file salt is of 32 bytes, this"))
	head := "894653505845" + "4e56" + "01" + "01" + "01" + "10" + "00000001" + "00000008" +
		hex.EncodeToString([]byte("sixteen byte sal")) +
		hex.EncodeToString(salt[:])
	for _, c := range []struct {
		name  string
		plain []byte
		want  string // all after the file salt, or the SHA-256 of the container
	}{
		{"empty", nil, vectorEmpty},
		{"hello", []byte("hello"), vectorHello},
		{"65537 times a", bytes.Repeat([]byte("a"), MinChunk+1), vectorLong},
	} {
		box := sealed(t, c.plain, salt, MinChunk)
		got := hex.EncodeToString(box)
		if len(c.plain) > MinChunk {
			sum := sha256.Sum256(box)
			got = head + hex.EncodeToString(sum[:])
		}
		if got != head+c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, head+c.want)
		}
	}
	if got := fmt.Sprintf("%x", key(t, "correct horse").FileSalt("folder/file", 5,
		1700000000000000000)); got != vectorSalt {
		t.Errorf("file salt %s", got)
	}
}

const (
	vectorEmpty = "6bbc8facbf7c1389b04d6aa69982522e0ef42722244b00ad4634acace75ad7e617b3cb0a15a94ebc2e983ad58db9af393a7b57686ea2760987bef1f7d09a0bb2" +
		"b3b3f76952085055a1b2a8b4c796dd57ed5263160987b89269f8a455"
	vectorHello = "6bbc8facbf7c1389b04d6aa69982522e0ef42722244b00ad4634acace75ad7e617b3cb0a15a94ebc2e983ad58db9af393a7b57686ea2760987bef1f7d09a0bb2" +
		"973477e2cf39ca9b44180e14d4aaf560c55b443ab4fc5153226fa97dc147ff961e"
	vectorLong = "6c3e8d5c31248ca2fccb329deb7038c41a6c91f07f3bbed4dca0484d2259831f"
	vectorSalt = "bd33e788fae57037e6ba3b161ab6f6ec18d132e07d2d07855042c7ec8fef44d6"
)

func BenchmarkSeal(b *testing.B) {
	const size = 64 << 20
	s, err := key(b, "correct horse").Seal(bytes.NewReader(make([]byte, size)), size, FileSalt{}, DefaultChunk)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.NewSectionReader(s, 0, s.Size()),
			make([]byte, 64<<10)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecrypt(b *testing.B) {
	const size = 64 << 20
	box := sealed(b, make([]byte, size), FileSalt{}, DefaultChunk)
	p := passphrase(b, "correct horse")
	b.SetBytes(size)
	for b.Loop() {
		if _, err := p.Decrypt(io.Discard, bytes.NewReader(box)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkArgon2id(b *testing.B) {
	for b.Loop() {
		if _, err := passphrase(b, "correct horse").Key(DefaultParams([16]byte{})); err != nil {
			b.Fatal(err)
		}
	}
}
