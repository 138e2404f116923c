package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Bytes without a file, from standard input and to standard output: node-92.
func TestStreams(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	content := noise(7, 5<<20+3)
	ascp := func(input []byte, tok string, args ...string) (out []byte, said string, status int) {
		t.Helper()
		cmd := process(t, "ascp", tok, n.overSSH(t, args...)...)
		var o, e bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &o, &e
		_ = cmd.Run()
		return o.Bytes(), e.String(), cmd.ProcessState.ExitCode()
	}
	for name, c := range map[string]struct {
		source, to, file string
		input            []byte
		want             []byte
	}{
		"faux":              {"faux:///f?3m", "/", "f", nil, make([]byte, 3<<20)},
		"faux of nothing":   {"faux:///none?0", "/", "none", nil, nil},
		"faux, new name":    {"faux:///f?10", "/other", "other", nil, make([]byte, 10)},
		"stdin, its name":   {"stdio:///data?5242883", "/", "data", content, content},
		"stdin, new name":   {"stdio://?5242883", "/in", "in", content, content},
		"stdin, once again": {"stdio://?5242883", "/in", "in", noise(8, 5<<20+3), noise(8, 5<<20+3)},
	} {
		_, said, status := ascp(c.input, n.sending(t, "/"), c.source, "127.0.0.1:"+c.to)
		got, err := os.ReadFile(filepath.Join(n.dir, c.file))
		if status != 0 || err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: status %d, %v, %d bytes, said %q", name, status, err, len(got), said)
		}
	}
	for name, c := range map[string]struct {
		source, says string
		input        string
	}{
		"too short": {"stdio:///short?10", "there are 3 bytes only", "abc"},
		"too long":  {"stdio:///long?2", "there are more than 2 bytes", "abc"},
	} {
		_, said, status := ascp([]byte(c.input), n.sending(t, "/"), c.source, "127.0.0.1:/")
		if status != 1 || !strings.Contains(said, c.says) {
			t.Errorf("%s: status %d, said %q", name, status, said)
		}
		if _, err := os.Stat(filepath.Join(n.dir, strings.Fields(name)[1])); err == nil {
			t.Errorf("%s: the file has its name", name)
		}
	}
	writeFiles(t, n.dir, map[string][]byte{"out/data": content, "out/empty": nil})
	out, said, status := ascp(nil, n.receiving(t, "/out"), "127.0.0.1:/out/data", "stdio://")
	if status != 0 || !bytes.Equal(out, content) {
		t.Errorf("to standard output: status %d, %d bytes, said %q", status, len(out), said)
	}
	if _, said, status := ascp(nil, n.receiving(t, "/out"), "127.0.0.1:/out", "stdio://"); status != 1 ||
		!strings.Contains(said, "takes one file") {
		t.Errorf("two files to standard output: status %d, said %q", status, said)
	}
	before := listed(t, n.dir)
	if out, said, status := ascp(nil, n.receiving(t, "/"), "127.0.0.1:/out", "faux://"); status != 0 ||
		bytes.Contains(out, content[:64]) {
		t.Errorf("to nowhere: status %d, said %q", status, said)
	}
	if moved := n.moved(t); moved != int64(len(content)) {
		t.Errorf("%d bytes were received", moved)
	}
	if _, err := os.Stat("faux:"); err == nil || listed(t, n.dir) != before {
		t.Error("something was written")
	}
}

// A session that ends does not wait for a standard input that says nothing.
func TestInterruptedStream(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	in, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer feed.Close()
	cmd := process(t, "ascp", n.sending(t, "/"), n.overSSH(t, "stdio:///data?100m", "127.0.0.1:/")...)
	cmd.Stdin = in
	startProcess(t, cmd)
	if _, err := feed.Write(noise(9, 3*chunk)); err != nil {
		t.Fatal(err)
	}
	waitForPart(t, filepath.Join(n.dir, "data"), 2*chunk)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("ended with %v", err)
	}
}
