package transfer

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/fail"
	"github.com/google/go-cmp/cmp"
)

func newPassphrase(t *testing.T) (*atrest.Passphrase, *atrest.Key) {
	t.Helper()
	p, err := atrest.NewPassphrase("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	k, err := p.Key(atrest.Params{Passes: 1, MemoryKiB: 8, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p, k
}

// Sessions that encrypt and are cut at many places resume, and what they deliver can be decrypted.
func TestEncryptedSessionsResume(t *testing.T) {
	p, k := newPassphrase(t)
	x := run{from: t.TempDir(), to: t.TempDir(), encrypt: k}
	content := noise(1, 9<<20+1)
	write(t, filepath.Join(x.from, "f"), content)
	write(t, filepath.Join(x.from, "d/empty"), nil)
	for x.cutAfter = 3 << 20; ; {
		sent, got := x.do(t)
		if sent == nil && got == nil {
			break
		}
		if x.link.moved == 0 {
			t.Fatalf("nothing moves: %v, %v", sent, got)
		}
	}
	if x.events["f"+atrest.Suffix].Resumed == 0 {
		t.Error("nothing was resumed")
	}
	back := run{from: x.to, to: t.TempDir(), decrypt: &Decryption{Passphrase: p, Strict: true}}
	back.mustDo(t)
	if diff := cmp.Diff(tree(t, x.from), tree(t, back.to)); diff != "" {
		t.Errorf("(-sent +decrypted):\n%s", diff)
	}
}

// A file that changes while its encrypted form is read is not delivered.
func TestEncryptedSourceThatChanges(t *testing.T) {
	_, k := newPassphrase(t)
	for name, change := range map[string]func(string) error{
		"shorter": func(p string) error { return os.Truncate(p, 5<<20) },
		"edited":  func(p string) error { return os.WriteFile(p, noise(9, 9<<20), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir(), encrypt: k}
			file := filepath.Join(x.from, "f")
			write(t, file, noise(1, 9<<20))
			then := time.Now().Add(-time.Hour)
			if err := os.Chtimes(file, then, then); err != nil {
				t.Fatal(err)
			}
			changed := false
			x.between = func(off int64) {
				if off >= 4<<20 && !changed {
					changed = true
					if err := change(file); err != nil {
						t.Error(err)
					}
				}
			}
			x.do(t)
			e := x.events["f"+atrest.Suffix]
			if e.Err == nil || e.Err.Code != fail.DiskRead && e.Err.Code != fail.DiskWrite {
				t.Errorf("the file ends with %+v", e)
			}
			if left := tree(t, x.to); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// noRename is a disk that fails when a decrypted file gets its name.
type noRename struct{ TargetTree }

func (n noRename) Rename(from, to string) error {
	if !strings.HasSuffix(to, atrest.Suffix) {
		return fs.ErrPermission
	}
	return n.TargetTree.Rename(from, to)
}

// Whatever goes wrong while a file is decrypted, its encrypted form is there the next time, and nothing else is.
func TestDecryptionThatFailsIsRepeated(t *testing.T) {
	p, k := newPassphrase(t)
	sealed := run{from: t.TempDir(), to: t.TempDir(), encrypt: k}
	content := noise(1, 3<<20)
	write(t, filepath.Join(sealed.from, "f"), content)
	sealed.mustDo(t)

	x := run{from: sealed.to, to: t.TempDir(), decrypt: &Decryption{Passphrase: p}}
	x.target = func(r *storage.Root) TargetTree { return noRename{r} }
	if sent, _ := x.do(t); sent == nil || x.events["f"+atrest.Suffix].Err == nil {
		t.Errorf("ends with %v, %+v", sent, x.events)
	}
	if left := tree(t, x.to); len(left) != 1 || left["f"+atrest.Suffix] == "" {
		t.Errorf("left behind: %v", left)
	}
	x.target = nil
	x.mustDo(t)
	got, err := os.ReadFile(filepath.Join(x.to, "f"))
	if err != nil || !bytes.Equal(got, content) || len(tree(t, x.to)) != 1 || x.link.moved != 0 {
		t.Errorf("%v, %d bytes moved, there are %v", err, x.link.moved, tree(t, x.to))
	}
}
