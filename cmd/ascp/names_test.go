package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// A name that is not UTF-8 is refused for that reason, wherever it is; what else there is travels.
func TestNamesThatAreNotUTF8(t *testing.T) {
	const latin = "caf\xe9"
	n := startNode(t)
	from := t.TempDir()
	for _, dir := range []string{from, filepath.Join(n.dir, "out")} {
		writeFiles(t, dir, map[string][]byte{latin + ".txt": []byte("1"), "dir\xe9/inside": []byte("2"), "good": []byte("3")})
	}
	for name, c := range map[string]struct {
		args  []string
		token string
		lines int
	}{
		"sent":          {[]string{"-d", from + "/.", "127.0.0.1:/in"}, n.sending(t, "/in"), 3},
		"received":      {[]string{"-d", "127.0.0.1:/out/.", t.TempDir() + "/to"}, n.receiving(t, "/out"), 2},
		"asked for":     {[]string{"127.0.0.1:/out/" + latin + ".txt", t.TempDir()}, n.receiving(t, "/out"), 1},
		"a destination": {[]string{from + "/good", "127.0.0.1:/in/" + latin}, n.sending(t, "/in"), 1},
	} {
		said := stderrOf(t, func() {
			if status := n.ascp(t, c.token, c.args...); status != 1 {
				t.Errorf("%s: status %d", name, status)
			}
		})
		if got := strings.Count(said, "not UTF-8"); got < c.lines {
			t.Errorf("%s: said %q", name, said)
		}
	}
	if got := tree(t, filepath.Join(n.dir, "in")); len(got) != 1 || got["good"] == "" {
		t.Errorf("arrived are %v", got)
	}
}

// Such a name and its reason are in all that ascp says of a transfer, in UTF-8.
func TestNamesThatAreNotUTF8AreTold(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, logs, list := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "list")
	for _, dir := range []string{from, filepath.Join(n.dir, "out")} {
		writeFiles(t, dir, map[string][]byte{"d/caf\xe9": []byte("1"), "d/good": []byte("2")})
	}
	writeFiles(t, filepath.Dir(list), map[string][]byte{"list": []byte(from + "/d/caf\xe9\n" + from + "/d/good\n")})
	for name, args := range map[string][]string{
		"send":         {from + "/d", "127.0.0.1:/in"},
		"send, listed": {"--file-list=" + list, "--mode=send", "--host=127.0.0.1", "/in"},
		"receive":      {"127.0.0.1:/out/d", t.TempDir()},
	} {
		tok := n.receiving(t, "/out")
		if strings.HasPrefix(name, "send") {
			tok = n.sending(t, "/in")
		}
		dir := filepath.Join(logs, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		s := steer(t, n, tok, append([]string{"-d", "-L", dir, "--file-manifest=text", "--file-manifest-path=" + dir},
			args...)...)
		e := s.until("FILEERROR")
		if !strings.HasSuffix(e.Get("File"), `caf\xe9`) || !strings.Contains(e.Get("Description"), "not UTF-8") {
			t.Errorf("%s: the manager hears %+v", name, e)
		}
		s.until("ERROR")
		if err := s.wait(); err == nil {
			t.Errorf("%s: ascp does not fail", name)
		}
		for _, f := range strings.Fields(listed(t, dir)) {
			text, err := os.ReadFile(filepath.Join(dir, f))
			if err != nil || !utf8.Valid(text) || !strings.Contains(string(text), `caf\xe9`) ||
				!strings.Contains(string(text), "not UTF-8") {
				t.Errorf("%s: %s has %q (%v)", name, f, text, err)
			}
		}
	}
}

// Files of a user that are named like unfinished ones travel, in both directions: only
// what has a journal is unfinished.
func TestFilesNamedLikeUnfinishedOnes(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, to := t.TempDir(), t.TempDir()
	files := map[string][]byte{"site/page.aspx": []byte("<%@ Page %>"), "site/page.partial": []byte("half a page"),
		"site/other.aspx": nil}
	writeFiles(t, from, files)
	if status := n.ascp(t, n.sending(t, "/"), from+"/site", "127.0.0.1:/"); status != 0 {
		t.Errorf("sent with status %d", status)
	}
	if status := n.ascp(t, n.receiving(t, "/"), "127.0.0.1:/site", to); status != 0 {
		t.Errorf("received with status %d", status)
	}
	if diff := cmp.Diff(tree(t, from), tree(t, to)); diff != "" {
		t.Errorf("(-sent +received):\n%s", diff)
	}
}
