package storage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/storage"
)

func TestXattrs(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := []storage.Xattr{{Name: "user.a", Value: []byte("1\x00\xff")}, {Name: "user.empty", Value: []byte{}}}
	for _, x := range append(want, storage.Xattr{Name: "user.other", Value: []byte("2")}) {
		if err := storage.SetXattr(f, x); err != nil {
			t.Fatal(err)
		}
	}
	got, err := storage.Xattrs(f, func(name string) bool {
		return name != "user.other" &&
			strings.HasPrefix(name, "user.")
	})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := storage.SetXattr(f, storage.Xattr{Name: "nonsense"}); err == nil ||
		!strings.Contains(err.Error(), "nonsense") {
		t.Errorf("an attribute of no class: %v", err)
	}
}

func TestExtents(t *testing.T) {
	const block = 64 << 10
	for _, tt := range []struct {
		name   string
		blocks []int64 // that are written
		size   int64
		most   int
		want   []storage.Extent
	}{
		{"nothing but a hole", nil, 10 * block, 9, nil},
		{"no hole", []int64{0, 1}, 2 * block, 9, []storage.Extent{{0, 2 * block}}},
		{
			"hole inside and at the end", []int64{0, 5, 6}, 1 << 40, 9,
			[]storage.Extent{{0, block}, {5 * block, 2 * block}},
		},
		{"hole at the start", []int64{3}, 4 * block, 9, []storage.Extent{{3 * block, block}}},
		{"too many", []int64{1, 3, 5, 7}, 10 * block, 2, []storage.Extent{{block, block}, {3 * block, 7 * block}}},
		{"no file", nil, 0, 9, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := os.Create(filepath.Join(t.TempDir(), "f"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := f.Truncate(tt.size); err != nil {
				t.Fatal(err)
			}
			for _, i := range tt.blocks {
				if _, err := f.WriteAt(make([]byte, block), i*block); err != nil {
					t.Fatal(err)
				}
			}
			got, err := storage.Extents(f, tt.size, tt.most)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			for _, e := range tt.want {
				if storage.HoleAt(f, e.Offset, 1) {
					t.Errorf("at %d is a hole", e.Offset)
				}
			}
			if tt.want == nil && tt.size > 0 && !storage.HoleAt(f, 0, tt.size) {
				t.Error("a hole is none")
			}
		})
	}
}

func TestOwner(t *testing.T) {
	r, dir := open(t)
	if err := os.Symlink("nowhere", filepath.Join(dir, "l")); err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Getuid(), os.Getgid()
	if storage.MayChown() {
		uid, gid = 12345, 23456
	}
	for _, name := range []string{"a/f", "a", "l"} {
		if err := r.Lchown(name, uid, gid); err != nil {
			t.Fatal(err)
		}
		info, err := r.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if u, g := storage.Owner(info); int(u) != uid || int(g) != gid {
			t.Errorf("%s belongs to %d and %d", name, u, g)
		}
	}
	if err := r.Lchown("../secret", -1, -1); err == nil {
		t.Error("a file outside is reached")
	}
}
