package robust

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// chunk is what a journal counts in.
const chunk = 1 << 20

// tree is the content of files by name.
type tree map[string][]byte

// noise is n bytes of a seed that nothing can compress.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	// ChaCha8 reads without error.
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)}).Read(b)
	return b
}

// mixed is one large file and small ones, among them an empty one.
func mixed(seed uint64, large, small int) tree {
	rng := rand.New(rand.NewPCG(seed, 1))
	files := tree{"large": noise(seed, large), "small/empty": nil}
	for i := range small {
		files[fmt.Sprintf("small/d%02d/f%03d", i/100, i)] = noise(seed+uint64(i)+1, 1+rng.IntN(48<<10))
	}
	return files
}

func (f tree) size() (n int64) {
	for _, b := range f {
		n += int64(len(b))
	}
	return n
}

// write makes the files, all of the same age, so that no two runs take them for others.
func (f tree) write(t *testing.T, dir string) {
	t.Helper()
	then := time.Now().Add(-time.Hour)
	for name, content := range f {
		p := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, content, 0o644),
			os.Chtimes(p, then, then)); err != nil {
			t.Fatal(err)
		}
	}
}

// right checks that each file below dir that has its name is one of f and is right. It
// returns the names that are missing.
func (f tree) right(t *testing.T, dir string) (missing []string) {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir():
			return err
		case unfinished(p):
			return nil
		}
		name, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		want, known := f[name]
		got, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if !known {
			t.Errorf("%s is there and was never sent", name)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is there and differs: %d bytes, want %d", name, len(got), len(want))
		}
		found[name] = true
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for name := range f {
		if !found[name] {
			missing = append(missing, name)
		}
	}
	return missing
}

// complete checks that dir has all files of f, right, and nothing else.
func (f tree) complete(t *testing.T, dir string) {
	t.Helper()
	if missing := f.right(t, dir); len(missing) > 0 {
		t.Errorf("%d files are missing, such as %s", len(missing), missing[0])
	}
	if left := leftovers(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// leftovers are the partial files and journals below dir.
func leftovers(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && unfinished(p) {
			names = append(names, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func unfinished(p string) bool {
	return strings.HasSuffix(p, ".partial") || strings.HasSuffix(p, ".aspx")
}
