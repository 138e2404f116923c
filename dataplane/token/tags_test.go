package token

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
)

// claiming are tags of which some reader takes a part for aspera.faspex.
var claiming = []string{
	`{"aspera":{"faspex":{}}}`,
	`{"aspera":{"faspex":null}}`,
	`{"aspera":{"Faspex":{"package_id":"p1"}}}`,
	`{"ASPERA":{"fASPEX":{"package_id":"p1"}}}`,
	`{"aspera":{"f\u0061spex":{"package_id":"p1"}}}`,
	`{"\u0061spera":{"faspex":{"package_id":"p1"}}}`,
	`{"aspera":{"fa\u017fpex":{"package_id":"p1"}}}`, // the long s, which JSON decoders take for an s
	`{"aſpera":{"faſpex":1}}`,
	`{"aspera":{"faspex":{}},"aspera":{}}`,
	`{"aspera":{},"aspera":{"faspex":{}}}`,
	`{"aspera":{},"Aspera":{"faspex":{}}}`,
	`{"aspera":7,"aspera":{"x":[{"y":1}],"faspex":{}}}`,
	` { "a" : [ 1 , {} ] , "aspera" : { "node" : { "file_id" : "1" } , "faspex" : [] } } `,
}

func TestCheckTags(t *testing.T) {
	for _, tags := range claiming {
		if err := CheckTags([]byte(tags)); !errors.Is(err, ErrReservedTags) || !IsRefusal(err) {
			t.Errorf("%s: %v", tags, err)
		}
	}
	for _, tags := range []string{"", "  ", "{}", "null", `{"aspera":{"node":{"faspex":1}}}`, `{"faspex":{}}`,
		`{"aspera":["faspex"]}`, `{"aspera":{"faspex2":{}}}`} {
		if err := CheckTags([]byte(tags)); err != nil {
			t.Errorf("%s: %v", tags, err)
		}
	}
	for _, tags := range []string{`{"aspera":{"faspex":{}}}x`, `{"aspera":{"faspex":`, "x"} {
		if err := CheckTags([]byte(tags)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", tags, err)
		}
	}
}

func TestAuthorizeRefusesTagsOfTheNodeUser(t *testing.T) {
	v := newVerifier(t, memoryKeys{key: AccessKey{ID: "ak", Root: "/default"}, secret: "s"})
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("ak:s"))
	for _, tags := range claiming {
		req := Request{Token: basic, Direction: Send, User: "xfer", Destination: "/", Tags: []byte(tags)}
		if _, err := v.Authorize(t.Context(), req); !errors.Is(err, ErrReservedTags) {
			t.Errorf("%s: %v", tags, err)
		}
	}
}

func TestTokenlessGrants(t *testing.T) {
	for _, tags := range claiming {
		if _, err := tokenless("", Request{Direction: Send, User: "xfer", Tags: []byte(tags)}); !errors.Is(err, ErrReservedTags) {
			t.Errorf("%s: %v", tags, err)
		}
	}
	const transfer = "5b0c7a6e-0d5f-4c39-9d0b-0d2b8a0e4c11" // a transfer of somebody's token
	of := func(user string) (Grant, error) {
		return tokenless("/in", Request{Direction: Send, User: user, TransferID: transfer})
	}
	first, err := of("xfer")
	if err != nil || first.TransferID == transfer || first.Root != "/in" {
		t.Errorf("a user without a token joins the transfer %s of a token: %v", first.TransferID, err)
	}
	again, _ := of("xfer")
	other, _ := of("yfer")
	if again.TransferID != first.TransferID || other.TransferID == first.TransferID {
		t.Errorf("ids %s, again %s, of another user %s", first.TransferID, again.TransferID, other.TransferID)
	}
}

// ledger answers what a test wants.
type ledger struct {
	gone, allowed bool
	begun         bool
	err           error
	counted       int
}

func (l *ledger) Begun(context.Context, Grant) (bool, error) { return l.begun, l.err }

func (l *ledger) Withdrawn(context.Context, Grant) (bool, error) { return l.gone, l.err }

func (l *ledger) Use(context.Context, Grant) (bool, error) { l.counted++; return l.allowed, l.err }

func TestAuthorizeLooksUpTransferTokens(t *testing.T) {
	v := newVerifier(t, memoryKeys{})
	g := grant()
	g.Paths, g.Uses = []Path{{Destination: "/p"}}, &Uses{Name: "n", Limit: 1}
	text, err := v.Keys.Seal(g)
	if err != nil {
		t.Fatal(err)
	}
	away := errors.New("the database is away")
	for name, tt := range map[string]struct {
		ledger Ledger
		to     string
		want   error
		uses   int
	}{
		"good":          {&ledger{allowed: true}, "/p", nil, 1},
		"withdrawn":     {&ledger{gone: true, allowed: true}, "/p", ErrRevoked, 0},
		"used up":       {&ledger{}, "/p", ErrUsedUp, 1},
		"no answer":     {&ledger{allowed: true, err: away}, "/p", away, 0},
		"refused first": {&ledger{allowed: true}, "/q", ErrPathNotAllowed, 0},
	} {
		v.Ledger = tt.ledger
		_, err := v.Authorize(t.Context(), Request{Token: text, Direction: g.Direction, User: g.User, Destination: tt.to})
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || errors.Is(err, away) && IsRefusal(err) {
			t.Errorf("%s: %v", name, err)
		}
		if got := tt.ledger.(*ledger).counted; got != tt.uses {
			t.Errorf("%s: counted %d times", name, got)
		}
	}
	v.Ledger = nil
	if _, err := v.Authorize(t.Context(), Request{Token: text, Direction: g.Direction, User: g.User,
		Destination: "/p"}); err == nil || IsRefusal(err) {
		t.Errorf("without a ledger: %v", err)
	}
}
