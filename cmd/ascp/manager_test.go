package main

import (
	"bufio"
	"bytes"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/transfer/faspmgr"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// manager collects the events of one ascp.
func manager(t *testing.T) (port string, events <-chan []faspmgr.Frame) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan []faspmgr.Frame, 1)
	go func() {
		defer l.Close()
		conn, err := l.Accept()
		if err != nil {
			close(out)
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		var got []faspmgr.Frame
		r := bufio.NewReader(conn)
		for {
			f, err := faspmgr.ReadFrame(r)
			if err != nil {
				out <- got
				return
			}
			got = append(got, f)
		}
	}()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), out
}

func types(events []faspmgr.Frame) map[string]faspmgr.Frame {
	out := map[string]faspmgr.Frame{}
	for _, e := range events {
		out[e.Type] = e
	}
	return out
}

func TestManagement(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": noise(1, 3<<20)})
	t.Run("success", func(t *testing.T) {
		port, events := manager(t)
		cmd := process(t, "ascp", n.sending(t, "/"), "-P", strconv.Itoa(n.sshPort), "-M", port, "-q", "-C1:1", "-y", "0",
			"-m", "0", "-l", "100000",
			"--mode", "send", "--host", "127.0.0.1", "--dest64", from+"/f", "Lw==")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		got := <-events
		by := types(got)
		for _, want := range []string{"INIT", "SESSION", "NOTIFICATION", "STATS", "STOP", "DONE"} {
			if _, ok := by[want]; !ok {
				t.Errorf("no %s", want)
			}
		}
		if got[0].Type != "INIT" || got[0].Get("SessionId") == "" || got[len(got)-1].Type != "DONE" {
			t.Errorf("first %+v, last %+v", got[0], got[len(got)-1])
		}
		for _, e := range got {
			if e.Get("SessionId") != got[0].Get("SessionId") {
				t.Errorf("%s is of session %q, want %q", e.Type, e.Get("SessionId"), got[0].Get("SessionId"))
			}
		}
		if by["NOTIFICATION"].Get("PreTransferBytes") != "3145728" || by["DONE"].Get("TransferBytes") != "3145728" {
			t.Errorf("%+v %+v", by["NOTIFICATION"], by["DONE"])
		}
	})
	// One ERROR, of a code that no program tries again: node-6.
	t.Run("refused command line", func(t *testing.T) {
		for name, c := range map[string]struct {
			args []string
			says string
		}{
			"unknown option": {[]string{"-M", "", "--no-such-thing", "a", "h:b"}, "no-such-thing"},
			"a bad value":    {[]string{"-l", "fast", "-M", "", "a", "h:b"}, "-l takes a rate"},
			"refused":        {[]string{"--proxy=dnat://p", "-M", "", "a", "h:b"}, "--proxy is not supported"},
			"no destination": {[]string{"-M", "", "a"}, "a source and a destination"},
			"quiet":          {[]string{"-M", "", "-q", "-y", "F", "a", "h:b"}, "-y"},
		} {
			t.Run(name, func(t *testing.T) {
				port, events := manager(t)
				args := slices.Clone(c.args)
				args[slices.Index(args, "")] = port
				cmd := process(t, "ascp", "", args...)
				var said bytes.Buffer
				cmd.Stderr = &said
				if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
					t.Error(err)
				}
				got := <-events
				if len(got) != 1 || got[0].Type != "ERROR" || got[0].Get("Code") != "8" ||
					!strings.Contains(got[0].Get("Description"), c.says) {
					t.Fatalf("got %+v", got)
				}
				want := "ascp: error 8: " + got[0].Get("Description") + "\n"
				if name == "quiet" {
					want = "" // The manager says it.
				}
				if said.String() != want {
					t.Errorf("standard error says %q, want %q", &said, want)
				}
			})
		}
	})
	t.Run("failure", func(t *testing.T) {
		port, events := manager(t)
		cmd := process(t, "ascp", n.sending(t, "/in"), "-P", strconv.Itoa(n.sshPort), "-M", port, "-q", from+"/f",
			"127.0.0.1:/out")
		if err := cmd.Run(); err == nil {
			t.Error("no failure")
		}
		got := <-events
		if last := got[len(got)-1]; last.Type != "ERROR" || last.Get("Code") != "41" || last.Get("Description") == "" {
			t.Errorf("last %+v", last)
		}
	})
}
