package lab

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Payload is what is sent: the files and folders of one folder on this machine.
type Payload struct {
	Dir   string
	Files int
	Bytes int64
}

// PayloadSpec sizes a payload. Content is pseudo-random from Seed, so that nothing compresses and a wrong byte shows.
type PayloadSpec struct {
	Seed       uint64
	LargeBytes int64 // size of large.bin; 0 leaves it out
	SmallFiles int   // files of up to 8 KiB in a tree, 50 a folder
}

// WritePayload makes a payload in dir: a large file, a tree of small files, an empty file, an empty folder, and names
// with spaces and letters beyond ASCII.
func WritePayload(dir string, spec PayloadSpec) (Payload, error) {
	p := Payload{Dir: dir}
	random := rand.NewChaCha8(seed(spec.Seed))
	add := func(name string, size int64) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		_, err = io.CopyN(f, random, size)
		p.Files++
		p.Bytes += size
		return errors.Join(err, f.Close())
	}
	if err := add("empty.txt", 0); err != nil {
		return p, err
	}
	if err := add("Grüße aus Zürich – 日本語.txt", 4321); err != nil {
		return p, err
	}
	if err := add("folder with spaces/a file with spaces.dat", 70_001); err != nil {
		return p, err
	}
	for i := range spec.SmallFiles {
		if err := add(fmt.Sprintf("tree/%02d/%04d.dat", i/50, i), int64(i*37%8192)); err != nil {
			return p, err
		}
	}
	if spec.LargeBytes > 0 {
		if err := add("large.bin", spec.LargeBytes); err != nil {
			return p, err
		}
	}
	return p, os.MkdirAll(filepath.Join(dir, "empty folder"), 0o755)
}

func seed(n uint64) (s [32]byte) {
	for i := range 8 {
		s[i] = byte(n >> (8 * i))
	}
	return s
}

// Entries are the names directly in the payload's folder: what a sender names on the command line.
func (p Payload) Entries() ([]string, error) {
	list, err := os.ReadDir(p.Dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name()
	}
	return names, nil
}

// Tree maps every path beneath dir, slash-separated, to "dir" or the SHA-256 of the file.
func Tree(dir string) (map[string]string, error) {
	tree := map[string]string{}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if d.IsDir() {
			tree[path] = "dir"
			return nil
		}
		f, err := root.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		tree[path] = fmt.Sprintf("%x", h.Sum(nil))
		return nil
	})
	return tree, err
}

// Same reports the first few differences between two folders; nil means that they hold the same, byte for byte.
func Same(want, got string) error {
	a, err := Tree(want)
	if err != nil {
		return err
	}
	b, err := Tree(got)
	if err != nil {
		return err
	}
	var differences []error
	for path, digest := range a {
		switch other, ok := b[path]; {
		case !ok:
			differences = append(differences, fmt.Errorf("missing: %s", path))
		case other != digest:
			differences = append(differences, fmt.Errorf("different: %s", path))
		}
	}
	for path := range b {
		if _, ok := a[path]; !ok {
			differences = append(differences, fmt.Errorf("not sent but received: %s", path))
		}
	}
	if n := len(differences); n > 10 {
		differences = append(differences[:10], fmt.Errorf("and %d more", n-10))
	}
	return errors.Join(differences...)
}
