package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transfer/faspmgr"
	"faspex.io/operator/test/nodetest"
)

// A transfer whose control channel is cut goes on by itself, if its user has asked for that.
func TestConnectsAgain(t *testing.T) {
	t.Parallel()
	for name, webSocket := range map[string]bool{"SSH": false, "WebSocket": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNode(t)
			from := t.TempDir()
			content := noise(14, cutSize)
			writeFiles(t, from, map[string][]byte{"f": content})
			tok, file := n.sending(t, "/in"), filepath.Join(n.dir, "in/f")
			r, flags := behind(t, n, webSocket)
			cmd := process(t, "ascp", tok, append(flags, "--retry-timeout", "1m", "-l", "100M", "-d", from+"/f",
				"127.0.0.1:/in")...)
			var said, summed bytes.Buffer
			cmd.Stderr, cmd.Stdout = io.MultiWriter(&said, testWriter{t}), &summed
			startProcess(t, cmd)
			waitForPart(t, file, enough)
			r.cut()
			there := journaled(file)
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(said.String(), "connection lost") || !strings.Contains(said.String(),
				"trying for 1m0s to connect again") {
				t.Errorf("the client says %q", said.String())
			}
			if s := summed.String(); !strings.Contains(s, "Completed: 1 file, ") || strings.Contains(s, "resumed") ||
				strings.Contains(s, "kept") {
				t.Errorf("the client says %q in the end", s)
			}
			if moved := n.moved(t); moved > cutSize-there+chunk {
				t.Errorf("%d bytes were sent again, %d were missing", moved, cutSize-there)
			}
			if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, content) {
				t.Errorf("the file differs (%v)", err)
			}
		})
	}
}

// A server that is restarted in its order is one that comes back.
func TestOutlivesTheRestartOfAServer(t *testing.T) {
	t.Parallel()
	dir, from := t.TempDir(), t.TempDir()
	content := noise(16, cutSize)
	writeFiles(t, from, map[string][]byte{"f": content})
	n := &testNode{dir: dir, keys: newKeys(t), recorder: &nodetest.Recorder{}}
	ctx, cancel := context.WithCancel(t.Context())
	wait, err := n.start(ctx, "127.0.0.1:0", discard())
	if err != nil {
		t.Fatal(err)
	}
	r, flags := behind(t, n, false)
	cmd := process(t, "ascp", n.sending(t, "/"), append(flags, "-q", "--retry-timeout=60", "-l", "100M", from+"/f",
		"127.0.0.1:/")...)
	startProcess(t, cmd)
	waitForPart(t, filepath.Join(dir, "f"), enough)
	cancel()
	wait()
	again := startNodeIn(t, dir)
	r.lead(again.sshPort)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes arrived (%v)", len(got), err)
	}
}

// Each event is of the session of the moment, and another session says so by another INIT: node-2.
func TestEventsAreOfTheirSession(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"a": []byte("1"), "f": noise(14, cutSize)})
	if err := mkfifo(filepath.Join(from, "pipe")); err != nil {
		t.Fatal(err)
	}
	r, flags := behind(t, n, false)
	s := steer(t, n, n.sending(t, "/in"), append(flags, "--retry-timeout=60", "-l", "100M", "-d", from+"/.",
		"127.0.0.1:/in")...)
	var sessions []string
	kinds := map[string]bool{}
	for last := ""; last != "DONE" && last != "ERROR"; {
		e, err := faspmgr.ReadFrame(s.in)
		if err != nil {
			t.Fatal(err)
		}
		if last = e.Type; last == "INIT" {
			sessions = append(sessions, e.Get("SessionId"))
			if len(sessions) == 1 {
				waitForPart(t, filepath.Join(n.dir, "in/f"), enough)
				r.cut()
			}
		}
		kinds[last] = true
		if id := e.Get("SessionId"); len(sessions) == 0 || id == "" || id != sessions[len(sessions)-1] {
			t.Errorf("%s is of session %q, want the last of %q", last, id, sessions)
		}
	}
	if len(sessions) != 2 || sessions[0] == sessions[1] {
		t.Errorf("the sessions are %q", sessions)
	}
	for _, kind := range []string{"INIT", "SESSION", "NOTIFICATION", "STATS", "STOP", "FILEERROR", "ERROR"} {
		if !kinds[kind] {
			t.Errorf("there was no %s", kind)
		}
	}
}

// It gives up when there is nothing to connect to, and never begins to wait for a server that was not there.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": noise(15, cutSize)})
	r, flags := behind(t, n, false)
	args := append(flags, "-l", "100M", "-d", from+"/f", "127.0.0.1:/in", "--retry-timeout")
	cmd := process(t, "ascp", n.sending(t, "/in"), append(args, "2s")...)
	startProcess(t, cmd)
	waitForPart(t, filepath.Join(n.dir, "in/f"), 2*chunk)
	r.Close()
	r.cut()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("without a server: %v", err)
	}
	if err := process(t, "ascp", n.sending(t, "/in"), append(args, "1h")...).Run(); err == nil {
		t.Error("a transfer without a server goes well")
	}
}
