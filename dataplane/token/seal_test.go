package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func grant() Grant {
	return Grant{
		TransferID: "5f0e9a4e-28f8-4f7a-9f43-1e9c3f0b8a11", Direction: Send, Root: "/",
		Paths: []Path{{Destination: "/default/packages/p1"}}, User: "xfer", TokenUser: "node",
		ExpiresAt: noon.Add(time.Hour), Cookie: "faspex:p1",
		Tags:  json.RawMessage(`{"aspera":{"faspex":{"package_id":"p1"}}}`),
		Rates: Rates{TargetKbps: 100_000, Policy: "fair"},
	}
}

func TestSealedTokenOpensToTheSameGrant(t *testing.T) {
	k := newKeyring(t, Keys{Active: "k1", ByID: map[string][]byte{"k1": key(1)}})
	text, err := k.Seal(grant())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "ATM3_") || !strings.HasSuffix(text, "TA") || strings.ContainsAny(text, " +/=\n") {
		t.Errorf("token text is %q", text)
	}
	got, err := k.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	want := grant()
	want.Kind = KindTransfer
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := k.Seal(grant())
	if err != nil {
		t.Fatal(err)
	}
	if again == text {
		t.Error("two tokens of one grant have the same text")
	}
}

func TestKeysRotate(t *testing.T) {
	k := newKeyring(t, Keys{Active: "k1", ByID: map[string][]byte{"k1": key(1)}})
	old, err := k.Seal(grant())
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Set(Keys{Active: "k2", ByID: map[string][]byte{"k1": key(1), "k2": key(2)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Open(old); err != nil {
		t.Errorf("token of the previous key: %v", err)
	}
	if err := k.Set(Keys{Active: "k2", ByID: map[string][]byte{"k2": key(2)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Open(old); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("token of a key that is gone: %v", err)
	}
	if err := k.Set(Keys{Active: "k1", ByID: map[string][]byte{"k1": key(9)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Open(old); !errors.Is(err, ErrInvalid) {
		t.Errorf("token of another key with the same id: %v", err)
	}
}

func TestEveryChangedCharacterIsNoticed(t *testing.T) {
	k := newKeyring(t, Keys{Active: "k1", ByID: map[string][]byte{"k1": key(1), "k0": key(3)}})
	text, err := k.Seal(grant())
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		changed := []byte(text)
		changed[i] ^= 1
		if _, err := k.Open(string(changed)); err == nil {
			t.Fatalf("change at %d of %d accepted", i, len(text))
		}
	}
	for i := range text {
		if _, err := k.Open(text[:i]); err == nil {
			t.Fatalf("first %d characters accepted", i)
		}
	}
	if _, err := k.Open(text + "TA"); err == nil {
		t.Error("longer token accepted")
	}
}

func TestManyPathsFitAndTooManyAreRefused(t *testing.T) {
	k := newKeyring(t, Keys{Active: "k1", ByID: map[string][]byte{"k1": key(1)}})
	g := grant()
	for i := range 5000 {
		g.Paths = append(g.Paths, Path{Destination: fmt.Sprintf("/default/packages/p1/folder/file-%06d.bin", i)})
	}
	text, err := k.Seal(g)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Open(text); err != nil || len(got.Paths) != 5001 {
		t.Errorf("opened %d paths, %v", len(got.Paths), err)
	}
	for i := range 100_000 {
		g.Paths = append(g.Paths, Path{Destination: fmt.Sprintf("/%d", i*7919)})
	}
	if _, err := k.Seal(g); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error = %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	k, err := NewKeyring(Keys{Active: "k1", ByID: map[string][]byte{"k1": key(1)}})
	if err != nil {
		f.Fatal(err)
	}
	text, err := k.Seal(grant())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("ATM3_TA")
	f.Add("ATM3_AQJrMQTA")
	want := grant()
	want.Kind = KindTransfer
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := k.Open(s); err == nil && !cmp.Equal(want, got) {
			t.Errorf("a text that was never sealed opens: %q", s)
		}
	})
}
