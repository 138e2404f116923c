package storage_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/storage"
)

// openEncrypted makes a root whose folder "safe" is encrypted and whose folder "open" is not.
func openEncrypted(t *testing.T) (*storage.Root, *atrest.Keyring, string) {
	t.Helper()
	key, err := atrest.NewKey(bytes.Repeat([]byte{1}, atrest.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	ring, dir := atrest.NewKeyring(key), t.TempDir()
	r, err := storage.OpenEncrypted(dir, storage.Encryption{"safe": ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	for _, name := range []string{"safe/sub", "open"} {
		if err := r.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return r, ring, dir
}

func content(t *testing.T, r *storage.Root, p string) string {
	t.Helper()
	f, err := r.OpenContent(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEncryptedFolders(t *testing.T) {
	r, _, dir := openEncrypted(t)
	secret := bytes.Repeat([]byte("secret "), 30000)
	for _, p := range []string{"safe/created", "open/created"} {
		if err := r.Create(p, secret, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := r.Create(p, nil, 0o644); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s is made twice: %v", p, err)
		}
	}
	sub, err := r.Granted("safe/sub")
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	folder, err := sub.Folder("/")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if err := folder.Make("made", secret, storage.Attributes{}); err != nil {
		t.Fatal(err)
	}
	w, err := sub.OpenForContent("written", int64(len(secret)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteAt(secret[100000:], 100000); err != nil {
		t.Fatal(err)
	}
	w.Close()
	// It is opened again, as a transfer that is resumed does.
	if w, err = sub.OpenForContent("written", int64(len(secret))); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteAt(secret[:100000], 0); err != nil {
		t.Fatal(err)
	}
	if info, err := w.Stat(); err != nil || info.Size() != int64(len(secret)) || w.DiskSize() <= info.Size() {
		t.Errorf("size %d, on disk %d, %v", info.Size(), w.DiskSize(), err)
	}
	if err := errors.Join(w.Reach(), w.Close()); err != nil {
		t.Fatal(err)
	}
	for p, encrypted := range map[string]bool{"safe/created": true, "safe/sub/made": true, "safe/sub/written": true,
		"open/created": false} {
		if got := content(t, r, p); got != string(secret) {
			t.Errorf("%s holds %d bytes that are others", p, len(got))
		}
		raw, err := os.ReadFile(filepath.Join(dir, p))
		if err != nil || bytes.Contains(raw, []byte("secret")) == encrypted {
			t.Errorf("%s on disk: encrypted is %v, %v", p, !encrypted, err)
		}
		for name, stat := range map[string]func(string) (fs.FileInfo, error){"stat": r.Stat, "lstat": r.Lstat} {
			if info, err := stat(p); err != nil || info.Size() != int64(len(secret)) {
				t.Errorf("%s of %s: %v, %v", name, p, info, err)
			}
		}
		entries, err := r.ReadDir(filepath.Dir(p))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err != nil || !info.IsDir() && info.Size() != int64(len(secret)) {
				t.Errorf("%s is listed with %d bytes, %v", e.Name(), info.Size(), err)
			}
		}
	}
}

// Files that were there before, or that are another's containers, are read as they are; what was cut is not.
func TestStrangersInEncryptedFolders(t *testing.T) {
	r, ring, dir := openEncrypted(t)
	other, err := atrest.NewKey(bytes.Repeat([]byte{2}, atrest.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := atrest.NewKeyring(other).Seal([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"short": []byte("x"), "long": bytes.Repeat([]byte("x"), 500),
		"other": sealed} {
		if err := os.WriteFile(filepath.Join(dir, "safe", name), text, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := content(t, r, "safe/"+name); got != string(text) {
			t.Errorf("%s reads as %q", name, got)
		}
	}
	if sealed, err = ring.Seal([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "safe", "cut"), sealed[:len(sealed)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.OpenContent("safe/cut"); !errors.Is(err, atrest.ErrDamaged) {
		t.Errorf("a container that was cut: %v", err)
	}
	if err := r.Symlink("created", "safe/link"); err != nil {
		t.Fatal(err)
	}
	if info, err := r.Lstat("safe/link"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("link: %v, %v", info, err)
	}
}
