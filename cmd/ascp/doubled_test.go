package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is named twice is sent once, however it is written: on the command line, in lists, and in both directions. The
// output of find names folders and what they hold.
func TestDoubledSources(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	files := map[string][]byte{"f": []byte("1"), "d/g": []byte("2"), "d/e/h": []byte("3")}
	writeFiles(t, from, files)
	writeFiles(t, filepath.Join(n.dir, "out"), files)
	all := []string{".", "./f", "./d", "./d/g", "./d/e", "./d/e/h"}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"twice":            {[]string{"f", "f"}, "f"},
		"in other words":   {[]string{"f", "./f", ".//f", "f"}, "f"},
		"with a slash":     {[]string{"d", "d/"}, "d d/e d/e/h d/g"},
		"from the root":    {[]string{"f", from + "/f", "d/g", from + "/d/."}, "e e/h f g"},
		"what it holds":    {[]string{"d/.", "./d/.", "d//."}, "e e/h g"},
		"held and itself":  {[]string{"d/.", "d"}, "d d/e d/e/h d/g e e/h g"},
		"with a base":      {append([]string{"--src-base=."}, all...), "d d/e d/e/h d/g f"},
		"base, one folder": {[]string{"--src-base=.", "d", "d/g", "d/e"}, "d d/e d/e/h d/g"},
		"without a base":   {[]string{"d", "d/g"}, "d d/e d/e/h d/g g"},
	} {
		to := filepath.Join(n.dir, "in")
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		cmd := process(t, "ascp", n.sending(t, "/in"), n.overSSH(t, append(append([]string{"-d"}, c.args...),
			"127.0.0.1:/in")...)...)
		cmd.Dir = from
		if err := cmd.Run(); err != nil {
			t.Errorf("sent %s: %v", name, err)
		}
		if got := listed(t, to); got != c.want {
			t.Errorf("sent %s: %s, want %s", name, got, c.want)
		}
	}
	// Another file of the same name is not left out without a word.
	if err := os.Symlink(filepath.Join(from, "d/e"), filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, from, map[string][]byte{"d/f": []byte("another")})
	said := runIn(t, from, n.sending(t, "/in"), n.overSSH(t, "-d", "f", "link/../f", "127.0.0.1:/in")...)
	if !strings.Contains(said, "two files of the transfer have this name") {
		t.Errorf("said %q", said)
	}
	// A missing file is told of although its folder is sent.
	said = runIn(t, from, n.sending(t, "/in"), n.overSSH(t, "-d", "--src-base=.", "d", "d/missing", "127.0.0.1:/in")...)
	if !strings.Contains(said, "d/missing: no such file") {
		t.Errorf("said %q", said)
	}
	list := filepath.Join(t.TempDir(), "list")
	writeFiles(t, filepath.Dir(list), map[string][]byte{"list": []byte("/out/f\nout/f\n/out//f\n/out/d\n/out/d/\n")})
	to := t.TempDir()
	if status := n.ascp(t, n.receiving(t, "/out"), "--mode=recv", "--host=127.0.0.1", "--file-list="+list,
		to); status != 0 {
		t.Errorf("received with status %d", status)
	}
	if got := listed(t, to); got != "d d/e d/e/h d/g f" {
		t.Errorf("received %s", got)
	}
}

// runIn runs ascp in a folder and returns what it says.
func runIn(t *testing.T, dir, tok string, args ...string) string {
	t.Helper()
	cmd := process(t, "ascp", tok, args...)
	cmd.Dir, cmd.Stderr = dir, nil
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return string(out)
}

// One of several sources that is not there is a file that fails, at either end; the others arrive.
func TestOneOfSeveralSourcesIsMissing(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, to := t.TempDir(), t.TempDir()
	files := map[string][]byte{"a": []byte("1"), "b": []byte("2")}
	writeFiles(t, from, files)
	writeFiles(t, n.dir, files)
	said := runIn(t, from, n.sending(t, "/in"), n.overSSH(t, "-d", "a", "none", "b", "127.0.0.1:/in")...)
	if got := listed(t, filepath.Join(n.dir, "in")); got != "a b" || !strings.Contains(said, "none: no such file") {
		t.Errorf("sent %s, said %q", got, said)
	}
	said = runIn(t, to, n.receiving(t, "/"), n.overSSH(t, "127.0.0.1:/a", "127.0.0.1:/none", "127.0.0.1:/b",
		"127.0.0.1:/z*", ".")...)
	if got := listed(t, to); got != "a b" || !strings.Contains(said, "/none: no such file") ||
		!strings.Contains(said, "z*: no such file") || !strings.Contains(said, "error 27: 2 of 4 files failed") {
		t.Errorf("received %s, said %q", got, said)
	}
}

// A link that is copied need not lead anywhere, and what can't be looked at is told for that reason.
func TestASourceThatIsALink(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("1")})
	if err := os.Symlink("nowhere", filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	for args, says := range map[string]string{
		"--symbolic-links=copy link 127.0.0.1:/new": "",
		"--symbolic-links=copy link 127.0.0.1:/":    "",
		"--symbolic-links=skip link 127.0.0.1:/":    "",
		"--symbolic-links=follow link 127.0.0.1:/":  "link: no such file",
		"f/ 127.0.0.1:/":                               "f/: a part of the path is a file",
		"f/x 127.0.0.1:/":                              "f/x: a part of the path is a file",
		strings.Repeat("x", 300) + " 127.0.0.1:/":      "name is too long",
		"--symbolic-links=skip link f 127.0.0.1:/skip": "no such file or folder (-d creates it)",
	} {
		if said := runIn(t, from, n.sending(t, "/"), n.overSSH(t, strings.Fields(args)...)...); says == "" &&
			strings.Contains(said, "error") || !strings.Contains(said, says) {
			t.Errorf("%.80s: said %q", args, said)
		}
	}
	for _, name := range []string{"new", "link"} {
		if to, err := os.Readlink(filepath.Join(n.dir, name)); to != "nowhere" {
			t.Errorf("%s leads to %q (%v)", name, to, err)
		}
	}
}
