package link_test

import (
	"net/url"
	"strings"
	"testing"

	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/link"
)

func ring(t *testing.T, current, old string) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(current, old)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A passcode opens the link that it was made for at the installation that made it, also after a rotation of the secret,
// and nothing when any part of it is another.
func TestPasscodes(t *testing.T) {
	here := ring(t, "a secret of the tests, long enough", "")
	l := link.Link{Kind: link.Download, Thing: "b7a0a3a4-0000-4000-8000-000000000007", Account: 12}
	code := l.Passcode(here)
	if got, ok := link.Parse(here, code); !ok || got != l {
		t.Errorf("%+v, %v", got, ok)
	}
	if got, ok := link.Parse(ring(t, "the next secret of the tests", "a secret of the tests, long enough"), code); !ok || got != l {
		t.Errorf("after a rotation: %+v, %v", got, ok)
	}
	if _, ok := link.Parse(ring(t, "another secret, of elsewhere", ""), code); ok {
		t.Error("opens something elsewhere")
	}
	for _, bad := range []string{"", ".", "...", strings.Replace(code, ".12.", ".13.", 1), strings.Replace(code, "d.", "i.", 1),
		strings.Replace(code, "07.", "08.", 1), code[:len(code)-1], code + "x", code + ".", strings.Repeat(code, 9),
		strings.Replace(code, ".12.", ".12x.", 1)} {
		if got, ok := link.Parse(here, bad); ok {
			t.Errorf("%q opens %+v", bad, got)
		}
	}
}

func TestAddressHoldsTheContext(t *testing.T) {
	here := ring(t, "a secret of the tests, long enough", "")
	l := link.Link{Kind: link.Invitation, Thing: "x"}
	address, err := l.URL("https://faspex.example.com", here, link.Context{Resource: link.ToUser, Name: "ada>?é", RecipientType: "user"})
	if err != nil || !strings.HasPrefix(address, "https://faspex.example.com/aspera/faspex/public/send?context=") {
		t.Fatalf("%s, %v", address, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := link.ReadContext(u.Query().Get("context"))
	if want := (link.Context{Resource: link.ToUser, Name: "ada>?é", RecipientType: "user", Passcode: l.Passcode(here)}); !ok || c != want {
		t.Errorf("%+v, %v", c, ok)
	}
	for _, bad := range []string{"", "%%", "bm90IGpzb24=", strings.Repeat("A", 99_999)} {
		if _, ok := link.ReadContext(bad); ok {
			t.Errorf("%.20q is a context", bad)
		}
	}
}
