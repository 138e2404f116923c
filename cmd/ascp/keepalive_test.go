package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"faspex.io/operator/dataplane/transfer/faspmgr"
)

// steering is a manager that talks to one ascp.
type steering struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	wait func() error

	process *os.Process
}

func steer(t *testing.T, n *testNode, tok string, args ...string) *steering {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := process(t, "ascp", tok,
		n.overSSH(t, append([]string{"-M", strconv.Itoa(l.Addr().(*net.TCPAddr).Port)}, args...)...)...)
	startProcess(t, cmd)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	return &steering{t: t, conn: conn, in: bufio.NewReader(conn), wait: cmd.Wait, process: cmd.Process}
}

func (s *steering) say(lines string) {
	if _, err := fmt.Fprintf(s.conn, "FASPMGR 2\n%s\n\n", lines); err != nil {
		s.t.Fatal(err)
	}
}

// until reads events up to one of a type.
func (s *steering) until(kind string) faspmgr.Frame {
	s.t.Helper()
	for {
		f, err := faspmgr.ReadFrame(s.in)
		if err != nil {
			s.t.Fatalf("no %s: %v", kind, err)
		}
		if f.Type == kind {
			return f
		}
	}
}

// One session sends what the manager names, one after the other, until it says DONE. CANCEL ends one, and RATE acts
// with its target, its minimum and its policy (of the minimum: TestSenderChangesWhatIsAskedOfItsRate): node-91.
func TestKeepalive(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"a": []byte("1"), "b c": []byte("2"), "d/e": []byte("3"),
		"big": noise(3, 40<<20)})
	s := steer(t, n, n.sending(t, "/in"), "--keepalive", "-d", "--mode=send", "--host=127.0.0.1", "/in")
	id := s.until("INIT").Get("SessionId")
	for source, name := range map[string]string{"a": "", "b c": "new/name", "d": ""} {
		s.say("Type: START\nSource: " + filepath.Join(from, source) + "\nDestination: " + name)
		if got := s.until("STOP"); got.Get("SessionId") != id {
			t.Errorf("%s: of session %q, want %q", source, got.Get("SessionId"), id)
		}
	}
	s.say("Type: START\nSource: " + filepath.Join(from, "missing"))
	if got := s.until("FILEERROR"); got.Get("Code") != "4" {
		t.Errorf("a missing file: %+v", got)
	}
	s.say("Type: DONE")
	s.until("ERROR") // Of the file that is missing.
	if err := s.wait(); err == nil {
		t.Error("no failure")
	}
	if got, want := listed(t, filepath.Join(n.dir, "in")), "a d d/e new new/name"; got != want {
		t.Errorf("arrived are %s, want %s", got, want)
	}

	// At 1 Mbit/s the file would take minutes.
	s = steer(t, n, n.sending(t, "/in"), "--keepalive", "-l", "1M", "--mode=send", "--host=127.0.0.1", "/in")
	s.until("INIT")
	s.say("Type: START\nSource: " + filepath.Join(from, "big"))
	s.until("STATS")
	s.say("Type: RATE\nRate: 800000\nMinRate: 400000\nPolicy: High")
	s.until("STOP")
	s.say("Type: DONE")
	s.until("DONE")
	if err := s.wait(); err != nil {
		t.Error(err)
	}

	s = steer(t, n, n.sending(t, "/in"), "--keepalive", "--mode=send", "--host=127.0.0.1", "/in")
	s.until("INIT")
	s.say("Type: CANCEL")
	if got := s.until("ERROR"); got.Get("Code") != "28" {
		t.Errorf("canceled: %+v", got)
	}
	// A manager that is gone names no more.
	s = steer(t, n, n.sending(t, "/in"), "--keepalive", "--mode=send", "--host=127.0.0.1", "/in")
	s.until("INIT")
	s.say("Type: START\nSource: " + filepath.Join(from, "a") + "\nDestination: last")
	s.until("STOP")
	s.conn.Close()
	if err := s.wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(n.dir, "in/last")); err != nil {
		t.Error(err)
	}
}
