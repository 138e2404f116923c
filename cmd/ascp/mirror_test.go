package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
)

// What the source does not have is deleted from the folders of its names, in both directions; nothing beside them,
// nothing that the filters leave out, and nothing where the list is not whole.
func TestDeleteBeforeTransfer(t *testing.T) {
	const old = "d/keep d/old d/sub/old d/gone/deep/x d/left.tmp beside/x"
	for name, c := range map[string]struct {
		args, want, says string
	}{
		"plain":            {"SOURCE/d", "beside beside/x d d/keep d/left.tmp d/new d/sub d/sub/new", ""},
		"what it holds":    {"SOURCE/d/.", "", "is for a folder by its name"},
		"unreadable":       {"SOURCE/d SOURCE/d/pipe", "", "nothing is deleted"},
		"several sessions": {"-C1:2 SOURCE/d", "", "of several sessions none knows all files"},
		"by time":          {"--exclude-older-than=5 SOURCE/d", "", "can't be told"},
	} {
		for _, up := range []bool{true, false} {
			n := startNode(t)
			here := t.TempDir()
			from, to := here, n.dir
			if !up {
				from, to = n.dir, here
			}
			writeFiles(t, from, map[string][]byte{"d/keep": []byte("k"), "d/new": []byte("n"), "d/sub/new": []byte("s"),
				"d/skip.tmp": nil})
			for p := range strings.FieldsSeq(old) {
				writeFiles(t, to, map[string][]byte{p: []byte("k")})
			}
			before := listed(t, to)
			if name == "unreadable" {
				if err := mkfifo(filepath.Join(from, "d/pipe")); err != nil {
					t.Fatal(err)
				}
			}
			words, tok := strings.Fields(c.args), n.sending(t, "/")
			for i, w := range words {
				if rest, ok := strings.CutPrefix(w, "SOURCE"); ok && up {
					words[i] = from + rest
				} else if ok {
					words[i] = "127.0.0.1:" + rest
				}
			}
			if up {
				words = append(words, "127.0.0.1:/")
			} else {
				words, tok = append(words, to), n.receiving(t, "/")
			}
			var status int
			said := stderrOf(t, func() {
				status = n.ascp(t, tok, append([]string{"--delete-before-transfer", "-E", "*.tmp"}, words...)...)
			})
			if c.want != "" {
				if got := listed(t, to); got != c.want || status != 0 {
					t.Errorf("%s, up %v: status %d, %s, want %s", name, up, status, got, c.want)
				}
				continue
			}
			if status != 1 || !strings.Contains(said, c.says) {
				t.Errorf("%s, up %v: status %d, said %q", name, up, status, said)
			}
			for p := range strings.FieldsSeq(before) {
				if _, err := os.Lstat(filepath.Join(to, p)); err != nil {
					t.Errorf("%s, up %v: %s is gone", name, up, p)
				}
			}
		}
	}
}

// writers may add files and overwrite none.
type writers struct{ token.Authorizer }

func (w writers) Authorize(ctx context.Context, r token.Request) (token.Grant, error) {
	g, err := w.Authorizer.Authorize(ctx, r)
	g.KeepExisting = true
	return g, err
}

// Who may overwrite nothing may delete nothing.
func TestDeleteBeforeTransferIsOverwriting(t *testing.T) {
	n := startNode(t, func(s *transfer.Server, _ *sshd.Config) { s.Authorizer = writers{s.Authorizer} })
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"d/a": []byte("1")})
	writeFiles(t, n.dir, map[string][]byte{"d/other": []byte("2")})
	said := stderrOf(t, func() { n.ascp(t, n.sending(t, "/"), "--delete-before-transfer", from+"/d", "127.0.0.1:/") })
	if _, err := os.Stat(filepath.Join(n.dir, "d/other")); err != nil ||
		!strings.Contains(said, "does not allow to delete") {
		t.Errorf("%v, said %q", err, said)
	}
}

// What is overwritten stays under a name with the time, at either end; the new file gets the name.
func TestSaveBeforeOverwrite(t *testing.T) {
	form := regexp.MustCompile(`^f\.\d{4}(\.\d\d){5}\.\d+\.txt$`)
	n := startNode(t)
	here := t.TempDir()
	for i, content := range []string{"one", "two", "three", strings.Repeat("large", 1<<20)} {
		writeFiles(t, here, map[string][]byte{"f.txt": []byte(content)})
		args := []string{"--save-before-overwrite", "--overwrite=always", here + "/f.txt", "127.0.0.1:/"}
		if status := n.ascp(t, n.sending(t, "/"), args...); status != 0 {
			t.Errorf("status %d", status)
		}
		got := strings.Fields(listed(t, n.dir))
		if len(got) != i+1 {
			t.Errorf("after %d transfers there are %v", i+1, got)
		}
		for _, name := range got {
			if name != "f.txt" && !form.MatchString(name) {
				t.Errorf("%s has no published form", name)
			}
		}
		if b, err := os.ReadFile(filepath.Join(n.dir, "f.txt")); err != nil || string(b) != content {
			t.Errorf("the file is not what was sent (%v)", err)
		}
	}
	writeFiles(t, here, map[string][]byte{"f.txt": []byte("mine")})
	if status := n.ascp(t, n.receiving(t, "/"), "--save-before-overwrite", "127.0.0.1:/f.txt", here); status != 0 {
		t.Errorf("received with status %d", status)
	}
	if got := strings.Fields(listed(t, here)); len(got) != 2 {
		t.Errorf("here are %v", got)
	}
	// A token for one file is for no other name.
	tok := n.grant(t, token.Grant{Direction: token.Send, Paths: []token.Path{{Destination: "/f.txt"}}})
	before := listed(t, n.dir)
	said := stderrOf(t, func() {
		n.ascp(t, tok, "--save-before-overwrite", "--overwrite=always", here+"/f.txt", "127.0.0.1:/f.txt")
	})
	if listed(t, n.dir) != before || !strings.Contains(said, "does not allow to save") {
		t.Errorf("said %q", said)
	}
}
