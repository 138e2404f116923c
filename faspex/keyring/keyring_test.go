package keyring_test

import (
	"bytes"
	"errors"
	"testing"

	"faspex.io/operator/faspex/keyring"
)

func ring(t *testing.T, current, old string) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(current, old)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealAcrossRotation(t *testing.T) {
	first, second := ring(t, "the first secret", ""), ring(t, "the second secret", "the first secret")
	third := ring(t, "the third secret!", "the second secret")
	sealed, err := first.Seal("p", "row 1", "hush")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hush")) {
		t.Error("sealed text is legible")
	}
	again, err := first.Seal("p", "row 1", "hush")
	if err != nil || bytes.Equal(sealed, again) {
		t.Errorf("sealed twice alike, %v", err)
	}
	for name, test := range map[string]struct {
		ring             *keyring.Ring
		purpose, context string
		sealed           []byte
		opens, current   bool
	}{
		"same secret":      {first, "p", "row 1", sealed, true, true},
		"previous secret":  {second, "p", "row 1", sealed, true, false},
		"forgotten secret": {third, "p", "row 1", sealed, false, false},
		"other purpose":    {first, "q", "row 1", sealed, false, false},
		"other row":        {first, "p", "row 2", sealed, false, false},
		"cut":              {first, "p", "row 1", sealed[:len(sealed)-1], false, false},
		"very short":       {first, "p", "row 1", sealed[:3], false, false},
		"empty":            {first, "p", "row 1", nil, false, false},
	} {
		text, current, err := test.ring.Open(test.purpose, test.context, test.sealed)
		if (err == nil) != test.opens || current != test.current || (test.opens && text != "hush") {
			t.Errorf("%s: %q, %v, %v", name, text, current, err)
		}
		if err != nil && !errors.Is(err, keyring.ErrSealed) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	r := ring(t, "the second secret", "the first secret")
	keys := r.Keys("p")
	if len(keys) != 2 || len(keys[0]) != 32 || bytes.Equal(keys[0], keys[1]) || bytes.Equal(keys[0], r.Keys("q")[0]) {
		t.Error("keys do not differ by secret and purpose")
	}
	if !bytes.Equal(ring(t, "the first secret", "").Keys("p")[0], keys[1]) {
		t.Error("the previous secret gives another key than when it was current")
	}
	if got := len(ring(t, "the first secret", "the first secret").Keys("p")); got != 1 {
		t.Errorf("%d keys of one secret", got)
	}
	if _, err := keyring.New("short", ""); err == nil {
		t.Error("a short secret was accepted")
	}
}
