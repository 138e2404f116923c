package main

import (
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/token"
)

// Wildcards of a source are the node's to expand, within what was granted.
func TestWildcardsAtTheNode(t *testing.T) {
	n := startNode(t)
	files := map[string][]byte{}
	for _, name := range []string{"out/a1", "out/a2", "out/b1", "out/.a3", "out/s/a4", "out/t/a5", "out/[x]", "secret/a6",
		"out/u.partial"} {
		files[name] = []byte(name)
	}
	writeFiles(t, n.dir, files)
	for source, want := range map[string]string{
		"/out/a*": "a1 a2", "/out/?1": "a1 b1", "/out/[!a]1": "b1", "/out/.a*": ".a3", "/out/*/a*": "a4 a5",
		"/out/s*":  "s s/a4",
		"/out/[x]": "[x]", "/out/z*": "error 4: /out/z*: no file or folder matches",
		"/out/[a": "error 8: the pattern can't be read",
		"/*/a6":   "error 41", "/secret/*": "error 41", "/out/../secret/*": "error 41", "/out*/a*": "error 41",
	} {
		to := t.TempDir()
		said := stderrOf(t, func() { n.ascp(t, n.receiving(t, "/out"), "127.0.0.1:"+source, to) })
		if got := listed(t, to); strings.HasPrefix(want, "error") != (got == "") || got != want &&
			!strings.Contains(said, want) {
			t.Errorf("%s: got %q, said %q, want %q", source, got, said, want)
		}
	}
	tok := n.grant(t, token.Grant{Direction: token.Receive, Paths: []token.Path{{Source: "/out/*"}}})
	said := stderrOf(t, func() { n.ascp(t, tok, "127.0.0.1:/out/*", t.TempDir()) })
	if !strings.Contains(said, "not allowed by the authorization") {
		t.Errorf("a pattern that was granted as a file: said %q", said)
	}
	// Several files do not become one, whether the name is the client's or the server's to give.
	to := filepath.Join(t.TempDir(), "new")
	if status := n.ascp(t, n.receiving(t, "/out"), "127.0.0.1:/out/a*", to); status != 1 {
		t.Errorf("two files under one name: status %d", status)
	}
}
