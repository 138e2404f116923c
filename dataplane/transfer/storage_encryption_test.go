package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/manifest"
	"github.com/google/go-cmp/cmp"
)

// encryptedTarget has a run write into an encrypted storage, and gives the storage and where it is on disk.
func encryptedTarget(t *testing.T, x *run) (tree *storage.Root, ring *atrest.Keyring, dir string) {
	t.Helper()
	key, err := atrest.NewKey(bytes.Repeat([]byte{1}, atrest.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	ring = atrest.NewKeyring(key)
	docroot, err := storage.OpenEncrypted(t.TempDir(), storage.Encryption{"safe": ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { docroot.Close() })
	if err := docroot.Mkdir("safe", 0o755); err != nil {
		t.Fatal(err)
	}
	if tree, err = docroot.Granted("safe"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	folder, err := tree.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	x.to, x.target = t.TempDir(), func(*storage.Root) TargetTree { return tree }
	return tree, ring, folder.Name()
}

func TestFilesAreEncryptedOnDisk(t *testing.T) {
	for _, checksum := range []string{ChecksumNone, ChecksumSHA256} {
		x := run{from: t.TempDir(), options: control.Options{Checksum: checksum, PreserveTimes: true}}
		secret := bytes.Repeat([]byte("plain text "), 500000)
		write(t, filepath.Join(x.from, "large"), secret)
		write(t, filepath.Join(x.from, "sub/small"), secret[:3000])
		write(t, filepath.Join(x.from, "empty"), nil)
		write(t, filepath.Join(x.from, "chunk"), secret[:chunk.Size])
		safe, _, dir := encryptedTarget(t, &x)
		x.mustDo(t)
		for _, name := range []string{"large", "sub/small", "empty", "chunk"} {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || bytes.Contains(raw, []byte("plain text")) {
				t.Errorf("%s is on disk as it is: %v", name, err)
			}
		}
		// What is sent from there is what was sent to there.
		y := run{to: t.TempDir(), options: x.options, roots: []Root{{Tree: safe, Path: "/"}}}
		y.mustDo(t)
		if diff := cmp.Diff(tree(t, x.from), tree(t, y.to)); diff != "" {
			t.Errorf("(-sent +got back):\n%s", diff)
		}
		x.mustDo(t)
		if x.link.moved != 0 {
			t.Errorf("%d bytes moved again", x.link.moved)
		}
	}
}

func TestEncryptedFilesResume(t *testing.T) {
	const size = 20<<20 + 77
	for _, policy := range []string{manifest.ResumeAttrs, manifest.ResumeSparse, manifest.ResumeFull} {
		for _, damaged := range []bool{false, true} {
			t.Run(fmt.Sprint(policy, " damaged ", damaged), func(t *testing.T) {
				x := run{from: t.TempDir(), cutAfter: 12 << 20, options: control.Options{Resume: policy}}
				content := noise(3, size)
				write(t, filepath.Join(x.from, "f"), content)
				safe, ring, dir := encryptedTarget(t, &x)
				if sent, got := x.do(t); !errors.Is(sent, errCut) && !errors.Is(got, errCut) {
					t.Fatalf("sender: %v, receiver: %v", sent, got)
				}
				journal, err := os.ReadFile(filepath.Join(dir, "f.aspx"))
				if err != nil {
					t.Fatal(err)
				}
				first := chunk.Hash(content[:chunk.Size])
				if bytes.Contains(journal, first[:]) {
					t.Error("the journal tells hashes of the content")
				}
				// The storage gets another key for new files meanwhile.
				key, err := atrest.NewKey(bytes.Repeat([]byte{2}, atrest.KeySize))
				if err != nil {
					t.Fatal(err)
				}
				former, err := atrest.NewKey(bytes.Repeat([]byte{1}, atrest.KeySize))
				if err != nil {
					t.Fatal(err)
				}
				ring.Set(key, former)
				moved := x.link.moved
				x.cutAfter = 0
				limit := size - moved + chunk.Size
				if damaged {
					f, err := os.OpenFile(filepath.Join(dir, "f.partial"), os.O_RDWR, 0)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := f.WriteAt([]byte("damage"), 5<<20); err != nil {
						t.Fatal(err)
					}
					f.Close()
					if policy == manifest.ResumeAttrs { // It is noticed at the end.
						if _, got := x.do(t); got == nil {
							t.Fatal("the damage is not noticed")
						}
						limit = size
					} else {
						limit += chunk.Size
					}
				}
				x.mustDo(t)
				if x.link.moved > limit {
					t.Errorf("%d bytes moved again, want at most %d", x.link.moved, limit)
				}
				file, err := safe.OpenContent("f")
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				got := make([]byte, size)
				if _, err := file.ReadAt(got, 0); err != nil || !bytes.Equal(got, content) {
					t.Errorf("the resumed file differs: %v", err)
				}
				if left := filesIn(t, dir); len(left) != 1 {
					t.Errorf("left behind: %v", left)
				}
			})
		}
	}
}

// Into an encrypted storage, or where one may be beneath, no holes and no parts of files are sent.
func TestEncryptedStorageTakesWholeFiles(t *testing.T) {
	key, err := atrest.NewKey(bytes.Repeat([]byte{1}, atrest.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	root, err := storage.OpenEncrypted(t.TempDir(), storage.Encryption{"safe": atrest.NewKeyring(key)})
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, folder := range []string{"safe/in", "open/in"} {
		if err := root.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		root, destination string
		whole             bool
	}{
		{"/", "/safe/in", true}, {"/", "/open/in", false}, {"/", "/", true}, {"/safe", "/in", true}, {"/open", "/in", false},
		{"/open", "/", false},
	} {
		s := &session{
			Server: &Server{Root: root}, hello: &control.Hello{Direction: "send", Destination: c.destination},
			options: control.Options{Sparse: true, SplitFrom: 1}, grant: token.Grant{Direction: token.Send, Root: c.root},
		}
		p, err := s.plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.close()
		if whole := !s.options.Sparse && s.options.SplitFrom == 0; whole != c.whole {
			t.Errorf("%s in %s: whole files are %v, want %v", c.destination, c.root, whole, c.whole)
		}
	}
}
