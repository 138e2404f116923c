package nodetest

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"faspex.io/operator/dataplane/transfer/faspmgr"
)

// Managed runs an ascp as programs do that show its progress: they take it from the management port and know sessions
// by their ids, take the last event for the result, interrupt ascp then, and want exit status 0 all the same.
func Managed(t *testing.T, ascp func(port string) *exec.Cmd) []faspmgr.Frame {
	t.Helper()
	events, err := manage(t, ascp)
	if err != nil {
		t.Errorf("ascp ended with %v", err)
	}
	var session string
	var total, progress int64
	for _, e := range events {
		id := e.Get("SessionId")
		if e.Type == "INIT" {
			session = id
		}
		if id == "" || id != session {
			t.Errorf("%s is of session %q, want %q", e.Type, id, session)
		}
		switch e.Type {
		case "NOTIFICATION":
			total = number(t, e, "PreTransferBytes")
		case "STATS", "DONE":
			now := number(t, e, "TransferBytes") + number(t, e, "StartByte")
			if now < progress || total > 0 && now > total {
				t.Errorf("%s has %d of %d bytes after %d", e.Type, now, total, progress)
			}
			progress = now
		}
	}
	if n := len(events); n == 0 || events[0].Type != "INIT" || events[n-1].Type != "DONE" {
		t.Errorf("the events are %+v", events)
	}
	if progress != total || total == 0 {
		t.Errorf("at the end %d of %d bytes are there", progress, total)
	}
	return events
}

func number(t *testing.T, e faspmgr.Frame, name string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(e.Get(name), 10, 64)
	if err != nil {
		t.Errorf("%s: %v", e.Type, err)
	}
	return n
}

// manage collects the events of an ascp up to the end of its connection, and returns how it ended.
func manage(t *testing.T, ascp func(port string) *exec.Cmd) ([]faspmgr.Frame, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := ascp(strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var events []faspmgr.Frame
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Errorf("ascp does not call its manager: %v", err)
		_ = cmd.Process.Kill()
		return nil, cmd.Wait()
	}
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		f, err := faspmgr.ReadFrame(r)
		if err != nil {
			return events, cmd.Wait()
		}
		events = append(events, f)
		if f.Type == "DONE" || f.Type == "ERROR" {
			_ = cmd.Process.Signal(os.Interrupt) // It may have ended.
		}
	}
}
