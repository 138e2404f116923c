package token

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func key(fill byte) []byte {
	k := make([]byte, KeySize)
	for i := range k {
		k[i] = fill
	}
	return k
}

func newKeyring(t *testing.T, keys Keys) *Keyring {
	t.Helper()
	k, err := NewKeyring(keys)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestReadKeys(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("active", "k2\n")
	write("k1", base64.StdEncoding.EncodeToString(key(1)))
	write("k2", base64.StdEncoding.EncodeToString(key(2))+"\n")
	write("..data", "not a key")
	got, err := ReadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := Keys{Active: "k2", ByID: map[string][]byte{"k1": key(1), "k2": key(2)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	write("k1", "###")
	if _, err := ReadKeys(dir); err == nil || err.Error() != "token key k1 is not base64" {
		t.Errorf("error = %v", err)
	}
}

func TestKeyringRefusesBadKeysAndKeepsTheOld(t *testing.T) {
	k := newKeyring(t, Keys{Active: "a", ByID: map[string][]byte{"a": key(1)}})
	for name, bad := range map[string]Keys{
		"no active key": {Active: "b", ByID: map[string][]byte{"a": key(1)}},
		"short key":     {Active: "a", ByID: map[string][]byte{"a": key(1)[:16]}},
		"bad id":        {Active: "a", ByID: map[string][]byte{"a": key(1), "x/y": key(2)}},
	} {
		if err := k.Set(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := k.Seal(Grant{Direction: Send}); err != nil {
		t.Error(err)
	}
}
