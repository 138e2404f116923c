package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestShown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain ä 漢 \U0001f600": "plain ä 漢 \U0001f600",
		"a\x1b[2Jb":            `a\x1b[2Jb`,
		"a\r\nb\tc":            `a\x0d\x0ab\x09c`,
		"fdp.\u202etxt":        `fdp.\u202etxt`,
		"\u2066x\u2069\u200f":  `\u2066x\u2069\u200f`,
		"caf\xe9":              `caf\xe9`,
		"\u009b31m":            `\u009b31m`,
		"\U000e0001":           `\U000e0001`,
	} {
		if got := shown(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

// Names of the node and of the command line reach the terminal as what can be read.
func TestNamesDoNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	const evil = "evil\x1b[2J\x1b]0;owned\a\rexit status 0\u202e"
	n := startNode(t)
	if err := os.Mkdir(filepath.Join(n.dir, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(n.dir, "out", evil), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"at the node":         {"127.0.0.1:/out", t.TempDir()},
		"of the command line": {"127.0.0.1:/" + evil, t.TempDir()},
		"of no meaning":       {"--" + evil},
		"of a list":           {"--file-list=/" + evil, "--mode=send", "--host=127.0.0.1", "/"},
	} {
		cmd := process(t, "ascp", n.receiving(t, "/"), n.overSSH(t, args...)...)
		var said bytes.Buffer
		cmd.Stderr, cmd.Stdout = &said, &said
		if err := cmd.Run(); err == nil {
			t.Errorf("%s: no failure", name)
		}
		if !strings.Contains(said.String(), `evil\x1b[2J`) || strings.ContainsAny(said.String(), "\x1b\a\r\u202e") {
			t.Errorf("%s: said %q", name, &said)
		}
	}
}
