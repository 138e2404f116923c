package aesgcm

import (
	"bytes"
	"crypto/cipher"
	"crypto/fips140"
	"fmt"
	"math/rand/v2"
	"testing"
)

var keySizes = []int{16, 24, 32}

func filled(r *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	_, _ = r.Read(b) // It never fails.
	return b
}

// TestVector fails where the self-test would have the other tests compare the standard library with itself.
func TestVector(t *testing.T) {
	t.Logf("the processor has the instructions: %v", hasVector())
	if want := hasVector() && !fips140.Enabled(); Vector() != want {
		t.Errorf("vector instructions are used: %v, want %v", Vector(), want)
	}
}

// TestAsTheStandardLibrary seals and opens messages of every size that matters with both.
func TestAsTheStandardLibrary(t *testing.T) {
	r := rand.NewChaCha8([32]byte{1})
	for _, size := range keySizes {
		t.Run(fmt.Sprint(8*size), func(t *testing.T) {
			for n := range 1100 {
				same(t, filled(r, size), filled(r, nonceSize), filled(r, n), filled(r, n%33))
			}
			for _, n := range []int{255, 256, 257, 511, 512, 513, 4000, 70000} {
				same(t, filled(r, size), filled(r, nonceSize), filled(r, 100), filled(r, n))
				same(t, filled(r, size), filled(r, nonceSize), filled(r, n), filled(r, n))
			}
			same(t, filled(r, size), filled(r, nonceSize), nil, nil)
			same(t, filled(r, size), filled(r, nonceSize), filled(r, 3<<20), nil)
		})
	}
}

func same(t *testing.T, key, nonce, message, additional []byte) {
	t.Helper()
	standard, err := newStandard(key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(key)
	if err != nil {
		t.Fatal(err)
	}
	what := fmt.Sprintf("%d bytes with %d", len(message), len(additional))
	want := standard.Seal(nil, nonce, message, additional)
	if got := a.Seal(nil, nonce, message, additional); !bytes.Equal(got, want) {
		t.Fatalf("%s: sealed %x, want %x", what, got, want)
	}
	if got, err := a.Open(nil, nonce, want, additional); err != nil || !bytes.Equal(got, message) {
		t.Fatalf("%s: opened %x, %v, want %x", what, got, err, message)
	}
	// In place, behind something else.
	before := []byte("before")
	buf := append(append(make([]byte, 0, len(before)+len(want)), before...), message...)
	sealed := a.Seal(buf[:len(before)], nonce, buf[len(before):], additional)
	if !bytes.Equal(sealed, append(before, want...)) {
		t.Fatalf("%s: sealed %x in place, want %x behind %x", what, sealed, want, before)
	}
	opened, err := a.Open(sealed[:len(before)], nonce, sealed[len(before):], additional)
	if err != nil || !bytes.Equal(opened, append(before, message...)) {
		t.Fatalf("%s: opened %x, %v in place, want %x behind %x", what, opened, err, message, before)
	}
}

// TestForged changes every byte of messages, and cuts them.
func TestForged(t *testing.T) {
	r := rand.NewChaCha8([32]byte{2})
	for _, size := range keySizes {
		a, err := New(filled(r, size))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, 16, 100, 256, 600} {
			nonce, message, additional := filled(r, nonceSize), filled(r, n), filled(r, 20)
			refused := func(what string, nonce, sealed, additional []byte) {
				t.Helper()
				room := make([]byte, 5, 5+n+tagSize)
				if got, err := a.Open(room, nonce, sealed, additional); err == nil || got != nil {
					t.Fatalf("%d bytes, %s: opened %x, %v", n, what, got, err)
				}
				if left := room[:cap(room)]; !bytes.Equal(left, make([]byte, len(left))) {
					t.Fatalf("%d bytes, %s: %x is left", n, what, left)
				}
			}
			sealed := a.Seal(nil, nonce, message, additional)
			for i := range sealed {
				sealed[i] ^= 1 << (i % 8)
				refused(fmt.Sprint("byte ", i), nonce, sealed, additional)
				sealed[i] ^= 1 << (i % 8)
			}
			for i := range additional {
				additional[i] ^= 0x80
				refused(fmt.Sprint("additional byte ", i), nonce, sealed, additional)
				additional[i] ^= 0x80
			}
			refused("a byte less", nonce, sealed[:len(sealed)-1], additional)
			refused("no tag", nonce, sealed[:min(len(sealed), tagSize-1)], additional)
			refused("another nonce", filled(r, nonceSize), sealed, additional)
		}
	}
}

func TestMisuse(t *testing.T) {
	for _, n := range []int{0, 15, 17, 33} {
		if a, err := New(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes made %T", n, a)
		}
	}
	a, err := New(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	for name, misuse := range map[string]func(){
		"nonce":           func() { a.Seal(nil, buf[:8], buf, nil) },
		"nonce of sealed": func() { _, _ = a.Open(nil, buf[:13], buf, nil) },
		"overlap":         func() { a.Seal(buf[:1], buf[:12], buf[20:30], nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse()
		})
	}
}

func TestNoAllocation(t *testing.T) {
	a, err := New(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	nonce, message, room := make([]byte, nonceSize), make([]byte, 1438), make([]byte, 0, 1500)
	sealed := a.Seal(nil, nonce, message, nonce)
	if n := testing.AllocsPerRun(100, func() {
		a.Seal(room, nonce, message, nonce)
		if _, err := a.Open(room, nonce, sealed, nonce); err != nil {
			t.Error(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzAsTheStandardLibrary(f *testing.F) {
	f.Add([]byte("key"), []byte("nonce"), []byte("message"), []byte("additional"))
	f.Add(make([]byte, 17), make([]byte, 12), make([]byte, 257), make([]byte, 15))
	f.Fuzz(func(t *testing.T, secret, number, message, additional []byte) {
		key, nonce := make([]byte, keySizes[len(secret)%3]), make([]byte, nonceSize)
		copy(key, secret)
		copy(nonce, number)
		same(t, key, nonce, message, additional)
	})
}

func BenchmarkSeal(b *testing.B) {
	benchmark(b, func(b *testing.B, a cipher.AEAD, nonce, message []byte) {
		room := make([]byte, 0, len(message)+tagSize)
		for b.Loop() {
			a.Seal(room, nonce, message, nonce)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	benchmark(b, func(b *testing.B, a cipher.AEAD, nonce, message []byte) {
		sealed, room := a.Seal(nil, nonce, message, nonce), make([]byte, 0, len(message))
		for b.Loop() {
			if _, err := a.Open(room, nonce, sealed, nonce); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchmark runs f with what packets have of 1500 and of 9000 bytes.
func benchmark(b *testing.B, f func(b *testing.B, a cipher.AEAD, nonce, message []byte)) {
	for _, n := range []int{1438, 8938} {
		for _, name := range []string{"standard", "used"} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				a, err := newStandard(make([]byte, 16))
				if name == "used" {
					a, err = New(make([]byte, 16))
				}
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(n))
				f(b, a, make([]byte, nonceSize), make([]byte, n))
			})
		}
	}
}
