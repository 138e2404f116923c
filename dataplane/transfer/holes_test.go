package transfer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// sparseFile makes a file of a size with pieces of noise.
func sparseFile(t *testing.T, p string, size int64, pieces map[int64][]byte) {
	t.Helper()
	f, err := os.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for off, b := range pieces {
		if _, err := f.WriteAt(b, off); err != nil {
			t.Fatal(err)
		}
	}
}

// checkSparse compares a file with what sparseFile makes, without reading all of it.
func checkSparse(t *testing.T, p string, size int64, pieces map[int64][]byte) {
	t.Helper()
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() != size {
		t.Fatalf("%v, size %d, want %d", err, info.Size(), size)
	}
	most := int64(1 << 20) // what the file system needs to find the pieces
	for off, want := range pieces {
		most += int64(len(want)) + 2*chunk.Size
		got := make([]byte, len(want))
		if _, err := f.ReadAt(got, off); err != nil || !bytes.Equal(got, want) {
			t.Errorf("at %d: %v, content differs", off, err)
		}
	}
	if used := storage.Allocated(info); used > most {
		t.Errorf("%d bytes of disk are used, want at most %d", used, most)
	}
}

func TestSparseFiles(t *testing.T) {
	const tib = 1 << 40
	for _, c := range []struct {
		name   string
		size   int64
		pieces map[int64][]byte
		moved  int64 // 0 is all
	}{
		{"huge", tib + 5, map[int64][]byte{0: noise(1, 1<<20), tib / 2: noise(2, 1<<20), tib - 100: noise(3, 105)}, 4 << 20},
		{"nothing but a hole", 100 << 30, nil, -1},
		{"pieces across chunks", 64 << 20, map[int64][]byte{3<<20 - 1: noise(1, 2), 9<<20 + 5: noise(2, 3<<20)}, 6 << 20},
		{"holes smaller than chunks", 8 << 20, map[int64][]byte{
			0: {1}, 1 << 20: {1}, 2 << 20: {1}, 3 << 20: {1}, 4 << 20: {1}, 5 << 20: {1}, 6 << 20: {1}, 7 << 20: {1},
		}, 0},
		{"one short chunk", 1<<20 + 4096, map[int64][]byte{1 << 20: noise(1, 4096)}, 4096},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Sparse: true}}
			sparseFile(t, filepath.Join(x.from, "f"), c.size, c.pieces)
			x.mustDo(t)
			checkSparse(t, filepath.Join(x.to, "f"), c.size, c.pieces)
			want := c.size
			switch {
			case c.moved < 0:
				want = 0
			case c.moved > 0:
				want = c.moved
			}
			// The last chunk may be short.
			if x.link.moved > want || x.link.moved < want-chunk.Size {
				t.Errorf("%d bytes moved, want %d", x.link.moved, want)
			}
			if left := filesIn(t, x.to); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestSparseFilesResume(t *testing.T) {
	const size = 1 << 36
	pieces := map[int64][]byte{}
	for i := range int64(20) {
		pieces[i*(3<<30)+1<<20] = noise(uint64(i), 1<<20)
	}
	for _, policy := range []string{manifest.ResumeNone, manifest.ResumeAttrs, manifest.ResumeSparse,
		manifest.ResumeFull} {
		t.Run(policy, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), cutAfter: 12 << 20,
				options: control.Options{Resume: policy, Sparse: true, PreserveTimes: true}}
			sparseFile(t, filepath.Join(x.from, "f"), size, pieces)
			if sent, got := x.do(t); !errors.Is(sent, errCut) && !errors.Is(got, errCut) {
				t.Fatalf("sender: %v, receiver: %v", sent, got)
			}
			x.cutAfter = 0
			x.mustDo(t)
			checkSparse(t, filepath.Join(x.to, "f"), size, pieces)
			want := int64(8 << 20)
			if policy == manifest.ResumeNone {
				want = 20 << 20
			}
			if x.link.moved != want {
				t.Errorf("%d bytes moved again, want %d", x.link.moved, want)
			}
			if left := filesIn(t, x.to); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
			if policy == manifest.ResumeNone {
				return
			}
			x.mustDo(t)
			if x.link.moved != 0 {
				t.Errorf("%d bytes moved the third time", x.link.moved)
			}
		})
	}
}

// A partial file that is not what it should be where the source has holes is noticed.
func TestDamagedHolesAreNoticed(t *testing.T) {
	const size = 40 << 20
	pieces := map[int64][]byte{0: noise(1, 16<<20)}
	for _, policy := range []string{manifest.ResumeAttrs, manifest.ResumeFull} {
		x := run{from: t.TempDir(), to: t.TempDir(), cutAfter: 12 << 20,
			options: control.Options{Resume: policy, Sparse: true}}
		sparseFile(t, filepath.Join(x.from, "f"), size, pieces)
		x.do(t)
		f, err := os.OpenFile(filepath.Join(x.to, "f.partial"), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("damage"), 30<<20); err != nil {
			t.Fatal(err)
		}
		f.Close()
		x.cutAfter = 0
		if _, got := x.do(t); got == nil {
			t.Errorf("%s: the damage is not noticed", policy)
		}
		x.mustDo(t)
		checkSparse(t, filepath.Join(x.to, "f"), size, pieces)
	}
}
