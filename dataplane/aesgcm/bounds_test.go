//go:build unix

package aesgcm

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAtTheEndOfMemory has messages, results and additional data end where memory ends:
// nothing beyond them may be touched.
func TestAtTheEndOfMemory(t *testing.T) {
	plain, sealed, additional := memory(t), memory(t), memory(t)
	nonce := make([]byte, nonceSize)
	for _, size := range keySizes {
		a, err := New(make([]byte, size))
		if err != nil {
			t.Fatal(err)
		}
		for n := range 600 {
			message, to, more := last(plain, n), last(sealed, n+tagSize), last(additional, n%300)
			for i := range message {
				message[i] = byte(i)
			}
			a.Seal(to[:0], nonce, message, more)
			clear(message)
			got, err := a.Open(message[:0], nonce, to, more)
			if err != nil || len(got) != n {
				t.Fatalf("%d bytes: opened %d, %v", n, len(got), err)
			}
			for i, b := range got {
				if b != byte(i) {
					t.Fatalf("%d bytes: opened %x", n, got)
				}
			}
		}
	}
	if before := plain[:len(plain)-600]; !bytes.Equal(before, make([]byte, len(before))) {
		t.Error("something was written before the message")
	}
}

// memory is a page with none behind it.
func memory(t *testing.T) []byte {
	size := os.Getpagesize()
	m, err := unix.Mmap(-1, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mprotect(m[size:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return m[:size:size]
}

func last(m []byte, n int) []byte { return m[len(m)-n:] }
