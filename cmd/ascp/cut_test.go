package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"faspex.io/operator/dataplane/token"
)

const (
	cutSize = 48 << 20
	chunk   = 1 << 20
	// enough is how much of the file has to be there before the cut.
	enough = 16 << 20
)

// journaled is how many bytes the journal of a partial file vouches for.
func journaled(file string) int64 {
	info, err := os.Stat(file + ".aspx")
	if err != nil {
		return 0
	}
	return (info.Size() - 24) / 28 * chunk
}

// waitForPart waits until the journal of a partial file vouches for n bytes.
func waitForPart(t *testing.T, file string, n int64) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); journaled(file) < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for part of %s", file)
		}
	}
}

// resumes runs the transfer again and checks that only what was missing is sent.
func resumes(t *testing.T, file string, content []byte, again func() (moved int64)) {
	t.Helper()
	if _, err := os.Stat(file); err == nil {
		t.Fatal("a file that was cut has its name")
	}
	there := journaled(file)
	moved := again()
	if missing := cutSize - there; moved > missing+chunk {
		t.Errorf("%d bytes were sent again, %d were missing", moved, missing)
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the resumed file differs (%v)", err)
	}
	left, _ := filepath.Glob(file + ".*")
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestKilledClientResumes(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	content := noise(1, cutSize)
	writeFiles(t, from, map[string][]byte{"f": content})
	tok, file := n.sending(t, "/in"), filepath.Join(n.dir, "in/f")
	cmd := process(t, "ascp", tok, n.overSSH(t, "-l", "200M", "-d", from+"/f", "127.0.0.1:/in")...)
	startProcess(t, cmd)
	waitForPart(t, file, enough)
	cmd.Process.Kill()
	cmd.Wait()
	n.recorder.Last(t).Ended(t)
	resumes(t, file, content, func() int64 {
		if status := n.ascp(t, tok, "-d", from+"/f", "127.0.0.1:/in"); status != 0 {
			t.Fatalf("exit status %d", status)
		}
		return n.moved(t)
	})
}

func TestKilledServerResumes(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]func(*testNode, *testing.T, ...string) []string{"SSH": (*testNode).overSSH,
		"WebSocket": (*testNode).overWebSocket} {
		t.Run(name, func(t *testing.T) {
			dir, from := t.TempDir(), t.TempDir()
			content := noise(2, cutSize)
			writeFiles(t, from, map[string][]byte{"f": content})
			tok, file := (&testNode{keys: newKeys(t)}).sending(t, "/in"), filepath.Join(dir, "in/f")
			node, first := nodeProcess(t, dir)
			var said bytes.Buffer
			cmd := process(t, "ascp", tok, over(first, t, "-l", "200M", "-d", from+"/f", "127.0.0.1:/in")...)
			cmd.Stderr = &said
			startProcess(t, cmd)
			waitForPart(t, file, enough)
			node.Process.Kill()
			node.Wait()
			if err := cmd.Wait(); err == nil {
				t.Error("the client does not fail")
			}
			if !strings.Contains(said.String(), "error 16") || !strings.Contains(said.String(), "run again to resume") {
				t.Errorf("the client says %q", said.String())
			}
			resumes(t, file, content, func() int64 {
				n := startNodeIn(t, dir)
				if status := run(over(n, t, "-d", from+"/f", "127.0.0.1:/in"), withToken(tok)); status != 0 {
					t.Fatalf("exit status %d", status)
				}
				return n.moved(t)
			})
		})
	}
}

func TestInterruptedReceiverResumes(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	to := t.TempDir()
	content := noise(3, cutSize)
	writeFiles(t, n.dir, map[string][]byte{"out/f": content})
	tok := n.grant(t, token.Grant{Direction: token.Receive, Paths: []token.Path{{Source: "/out"}}})
	file := filepath.Join(to, "f")
	cmd := process(t, "ascp", tok, n.overSSH(t, "-l", "200M", "127.0.0.1:/out/f", to)...)
	startProcess(t, cmd)
	waitForPart(t, file, enough)
	cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("interrupted: %v", err)
	}
	if o, _ := n.recorder.Last(t).Ended(t); o.Status != "canceled" {
		t.Errorf("recorded %+v", o)
	}
	resumes(t, file, content, func() int64 {
		if status := n.ascp(t, tok, "127.0.0.1:/out/f", to); status != 0 {
			t.Fatalf("exit status %d", status)
		}
		return n.moved(t)
	})
}

func TestCanceledByNodeAPI(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": noise(4, cutSize)})
	var said bytes.Buffer
	cmd := process(t, "ascp", n.sending(t, "/in"), n.overSSH(t, "-l", "100M", "-d", from+"/f", "127.0.0.1:/in")...)
	cmd.Stderr = &said
	startProcess(t, cmd)
	waitForPart(t, filepath.Join(n.dir, "in/f"), 2*chunk)
	n.recorder.Last(t).Cancel()
	if err := cmd.Wait(); err == nil {
		t.Error("the client does not fail")
	}
	if !strings.Contains(said.String(), "error 28") {
		t.Errorf("the client says %q", said.String())
	}
	if o, _ := n.recorder.Last(t).Ended(t); o.Status != "canceled" || o.Code != 28 {
		t.Errorf("recorded %+v", o)
	}
}

// A client that hangs holds its files until the transfer is begun again.
func TestRetryTakesOver(t *testing.T) {
	n := startNode(t)
	from := t.TempDir()
	content := noise(5, cutSize)
	writeFiles(t, from, map[string][]byte{"f": content})
	tok, file := n.sending(t, "/in"), filepath.Join(n.dir, "in/f")
	cmd := process(t, "ascp", tok, n.overSSH(t, "-l", "200M", "-d", from+"/f", "127.0.0.1:/in")...)
	startProcess(t, cmd)
	waitForPart(t, file, enough)
	cmd.Process.Signal(syscall.SIGSTOP)
	hanging := n.recorder.Last(t)

	other := n.grant(t, token.Grant{TransferID: "t-2", Direction: token.Send, Paths: []token.Path{{Destination: "/in"}}})
	var status int
	said := stderrOf(t, func() { status = n.ascp(t, other, from+"/f", "127.0.0.1:/in") })
	if status != 1 || !strings.Contains(said, "another transfer is writing this file") {
		t.Errorf("another transfer: status %d, said %q", status, said)
	}
	resumes(t, file, content, func() int64 {
		if status := n.ascp(t, tok, from+"/f", "127.0.0.1:/in"); status != 0 {
			t.Fatalf("exit status %d", status)
		}
		return n.moved(t)
	})
	if o, _ := hanging.Ended(t); o.Status != "failed" || o.Code != 39 {
		t.Errorf("the hanging session is recorded as %+v", o)
	}
}
