package testbed

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"os"
	"path/filepath"
)

// Memory is where files live that no disk should slow down.
const Memory = "/dev/shm"

// Folder makes a folder in memory that Sweep knows.
func Folder() (string, error) {
	return os.MkdirTemp(Memory, fmt.Sprintf("%s%d-*", prefix, os.Getpid()))
}

// Fill writes a file of size bytes that nothing can compress: the key stream of a fixed key.
func Fill(name string, size int64) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	stream, err := keyStream()
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for left := size; left > 0; {
		b := block[:min(left, int64(len(block)))]
		clear(b)
		stream.XORKeyStream(b, b)
		if _, err := f.Write(b); err != nil {
			return err
		}
		left -= int64(len(b))
	}
	return f.Close()
}

// Warm writes a file of size bytes and removes it. A virtual machine gives memory back to its host that it has
// not used for seconds, and gets it again at 10 us a page, which is more than most programs take to fill it:
// whoever ran first would pay for all.
func Warm(folder string, size int64) error {
	name := filepath.Join(folder, "warm")
	if err := Fill(name, size); err != nil {
		return err
	}
	return os.Remove(name)
}

// FillTree makes count files of size bytes each, 1000 a folder.
func FillTree(root string, count, size int) error {
	stream, err := keyStream()
	if err != nil {
		return err
	}
	b := make([]byte, size)
	for i := range count {
		name := filepath.Join(root, fmt.Sprintf("d%03d", i/1000), fmt.Sprintf("f%03d", i%1000))
		if i%1000 == 0 {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				return err
			}
		}
		stream.XORKeyStream(b, b)
		if err := os.WriteFile(name, b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func keyStream() (cipher.Stream, error) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return nil, err
	}
	return cipher.NewCTR(block, make([]byte, 16)), nil
}

// Size is how many bytes the files of a folder have.
func Size(root string) (bytes int64, files int) {
	_ = filepath.Walk(root, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
			files++
		}
		return nil // A file that is renamed meanwhile counts at the next look.
	})
	return bytes, files
}
