package ticket

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/keyring"
)

const secret, older = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "an older secret of the tests"

func ring(t *testing.T, current, old string) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(current, old)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func sample() Ticket {
	return Ticket{
		ID: "one", Expires: now.Add(time.Minute), Name: "Bericht ü.pdf", Zip: true,
		Spec: transferspec.Spec{
			Direction: transferspec.Receive, Token: "ATM3_secret", Tags: json.RawMessage(`{"aspera":{}}`),
			Paths: []transferspec.Path{{Source: "/a/b"}},
		},
	}
}

func TestOpenGivesWhatSealTook(t *testing.T) {
	s, err := Seal(ring(t, secret, ""), sample())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" ||
		strings.Contains(s, "secret") {
		t.Errorf("%q does not fit an address, or tells its token", s)
	}
	for name, r := range map[string]*keyring.Ring{"the same secret": ring(t, secret, ""), "a new one": ring(t,
		"another secret of the tests", secret)} {
		got, err := Open(r, s, now)
		if diff := cmp.Diff(sample(), got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	r := ring(t, secret, "")
	s, err := Seal(r, sample())
	if err != nil {
		t.Fatal(err)
	}
	other, err := Seal(ring(t, older, ""), sample())
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(s)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		text string
		at   time.Time
		want error
	}{
		"another secret": {other, now, ErrInvalid},
		"a changed text": {string(flipped), now, ErrInvalid},
		"nothing":        {"", now, ErrInvalid},
		"no ticket":      {"hello", now, ErrInvalid},
		"a long text":    {strings.Repeat("A", MaxLen+1), now, ErrInvalid},
		"its end":        {s, now.Add(time.Minute), ErrExpired},
	} {
		if _, err := Open(r, c.text, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestSealRefusesWhatFitsNoAddress(t *testing.T) {
	many := sample()
	for range 1000 {
		b := make([]byte, 16)
		_, _ = rand.Read(b)
		many.Spec.Paths = append(many.Spec.Paths, transferspec.Path{Source: hex.EncodeToString(b)})
	}
	if _, err := Seal(ring(t, secret, ""), many); !errors.Is(err, ErrTooLong) {
		t.Errorf("many random paths: %v", err)
	}
	similar := sample()
	for i := range 300 {
		similar.Spec.Paths = append(similar.Spec.Paths,
			transferspec.Path{Source: fmt.Sprintf("/packages/a/PKG - a/file-%d.dat", i)})
	}
	if s, err := Seal(ring(t, secret, ""), similar); err != nil {
		t.Errorf("300 paths of a folder: %v (%d)", err, len(s))
	}
}
