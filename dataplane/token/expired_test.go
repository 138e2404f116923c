package token

import (
	"errors"
	"testing"
	"time"
)

// A token that has expired begins nothing, and resumes what it has begun.
func TestAuthorizeResumesWithAnExpiredToken(t *testing.T) {
	v := newVerifier(t, memoryKeys{})
	g := grant()
	g.Paths, g.ExpiresAt = []Path{{Destination: "/p"}}, v.Now().Add(-time.Minute)
	text, err := v.Keys.Seal(g)
	if err != nil {
		t.Fatal(err)
	}
	away := errors.New("the database is away")
	for name, tt := range map[string]struct {
		ledger Ledger
		to     string
		want   error
	}{
		"not begun":            {&ledger{allowed: true}, "/p", ErrExpired},
		"begun":                {&ledger{begun: true, allowed: true}, "/p", nil},
		"begun and withdrawn":  {&ledger{begun: true, gone: true}, "/p", ErrRevoked},
		"elsewhere":            {&ledger{begun: true, allowed: true}, "/q", ErrPathNotAllowed},
		"no answer":            {&ledger{begun: true, err: away}, "/p", away},
		"no ledger":            {nil, "/p", ErrExpired},
		"nothing is looked up": {NoLedger{}, "/p", ErrExpired},
	} {
		v.Ledger = tt.ledger
		_, err := v.Authorize(t.Context(), Request{Token: text, Direction: g.Direction, User: g.User, Destination: tt.to})
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
