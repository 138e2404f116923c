package transfer

import (
	"testing"

	"faspex.io/operator/dataplane/token"
)

func TestLinkStays(t *testing.T) {
	for _, c := range []struct {
		at, text string
		want     bool
	}{
		{"/l", "f", true}, {"/l", ".", true}, {"/l", "./d/f", true}, {"/l", "d/", true}, {"/d/l", "..", true},
		{"/d/l", "../f", true}, {"/d/e/l", "../..", true},
		{"/l", "..", false}, {"/l", "../f", false}, {"/d/l", "../..", false}, {"/d/l", "../../f", false}, {"/l", "/", false},
		{"/l", "/etc/passwd", false}, {"/l", "", false},
		// Through another link ".." may lead further up than it looks.
		{"/l", "d/..", false}, {"/d/l", "../e/../..", false}, {"/d/e/l", ".././f/../..", false}, {"/l", "d/./../x", false},
		// Names that only look like it.
		{"/l", "...", true}, {"/l", "..f", true}, {"/l", "d/..f", true},
	} {
		if got := linkStays(c.at, c.text); got != c.want {
			t.Errorf("%s -> %q: %t", c.at, c.text, got)
		}
	}
}

// A session that single files were granted to accepts no link, nor does any in the place of what was granted.
func TestMayLink(t *testing.T) {
	folder := token.Grant{Direction: token.Send, Paths: []token.Path{{Destination: "/packages/mine"}}}
	pair := token.Grant{Direction: token.Send, Paths: []token.Path{{Source: "x", Destination: "/in/x"}}}
	for _, c := range []struct {
		name         string
		grant        token.Grant
		outside      bool
		target, text string
		want         bool
	}{
		{"in the folder", folder, false, "/packages/mine/l", "f", true},
		{"out of the folder", folder, false, "/packages/mine/l", "../theirs", false},
		{"out of the folder, permitted", folder, true, "/packages/mine/l", "../theirs", true},
		{"in the place of the folder", folder, true, "/packages/mine", "theirs", false},
		{"elsewhere", folder, true, "/packages/other/l", "f", false},
		{"in the place of a file", pair, true, "/in/x", "f", false},
		{"beneath a pair", pair, true, "/in/x/l", "f", false},
		{"in all of a root", token.Grant{Direction: token.Send}, false, "/l", "d/f", true},
		{"out of all of a root", token.Grant{Direction: token.Send}, false, "/l", "../f", false},
	} {
		if err := mayLink(c.grant, c.outside, c.target, c.text); (err == nil) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
