package faspmgr

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFrames(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Frame
		err  error
	}{
		"command": {"FASPMGR 2\nType: RATE\nRate: 5000\n\n", Frame{Type: "RATE", Fields: []Field{{"Rate", "5000"}}},
			nil},
		"spaces of a name": {"FASPMGR 2\nType: START\nSource:  a \nDestination:b\n\n",
			Frame{Type: "START", Fields: []Field{{"Source", " a "}, {"Destination", "b"}}}, nil},
		"crlf":          {"FASPMGR 2\r\nType: DONE\r\n\r\n", Frame{Type: "DONE"}, nil},
		"wrong version": {"FASPMGR 3\n\n", Frame{}, errBadFrame},
		"no colon":      {"FASPMGR 2\nType\n\n", Frame{}, errBadFrame},
		"cut short":     {"FASPMGR 2\nType: RATE\n", Frame{}, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadFrame(bufio.NewReader(strings.NewReader(c.text)))
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, got); c.err == nil && diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Programs that show progress fail at an event without the id of its session.
func TestEventsEndWithTheLast(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m, err := Connect(t.Context(), l.Addr().(*net.TCPAddr).Port)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	m.Send("NOTIFICATION", Field{"A", "b"})
	m.Send("INIT", Field{"SessionId", "r"})
	m.Send("STATS", Int("TransferBytes", 1))
	m.Send("INIT", Field{"SessionId", "s"})
	m.Send("SESSION", Field{"Host", "h"}, Field{"SessionId", "s"})
	m.Send("FILEERROR", Field{"Description", "two\nlines, caf\xe9"})
	m.Send("DONE", Int("TransferBytes", 7))
	m.Send("STATS", Int("TransferBytes", 8))
	if !m.Ended() {
		t.Error("not ended")
	}
	m.conn.Close()
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	want := "FASPMGR 2\nType: NOTIFICATION\nA: b\n\n" + "FASPMGR 2\nType: INIT\nSessionId: r\n\n" +
		"FASPMGR 2\nType: STATS\nSessionId: r\nTransferBytes: 1\n\n" + "FASPMGR 2\nType: INIT\nSessionId: s\n\n" +
		"FASPMGR 2\nType: SESSION\nHost: h\nSessionId: s\n\n" +
		"FASPMGR 2\nType: FILEERROR\nSessionId: s\nDescription: two\\x0alines, caf\\xe9\n\n" +
		"FASPMGR 2\nType: DONE\nSessionId: s\nTransferBytes: 7\n\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	var none *Manager
	none.Send("DONE")
	none.Commands(func(Frame) {})
	if none.Ended() {
		t.Error("no manager has ended")
	}
}
