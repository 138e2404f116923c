package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"testing"
)

// TestDebug has ascp say what its rate control does.
func TestDebug(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"file": make([]byte, 4<<20)})
	n := startNode(t)
	var said bytes.Buffer
	cmd := process(t, "ascp", n.sending(t, "/"), n.overSSH(t, "-D", "-l", "20M", "--policy", "fixed", filepath.Join(from,
		"file"), "xfer@127.0.0.1:/")...)
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &said)
	}
	line := regexp.MustCompile(`level=DEBUG msg=rate mode=fixed mbps=20 arriving=\d+(\.\d)? capacity=\d`)
	if !line.Match(said.Bytes()) {
		t.Errorf("it said:\n%s", &said)
	}
}
