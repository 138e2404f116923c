package main

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Whoever reads what ascp says may go away, and output may be full: files travel all the same. A destination that is
// standard output is an error then.
func TestOutputThatNobodyReads(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"d/f": []byte("1"), "d/big": noise(2, 3<<20)})
	for _, name := range []string{"d/p1", "d/p2"} { // Of each there is a line.
		if err := mkfifo(filepath.Join(from, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, open := range map[string]func() (*os.File, error){
		"nobody reads": closedPipe,
		"full":         func() (*os.File, error) { return os.OpenFile("/dev/full", os.O_WRONLY, 0) },
	} {
		out, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		to := strings.Fields(name)[0]
		cmd := process(t, "ascp", n.sending(t, "/"+to), "-P", n.overSSH(t)[1], "-d", from+"/d", from+"/d/f",
			"127.0.0.1:/"+to)
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: %v", name, err)
		}
		if got := listed(t, filepath.Join(n.dir, to)); got != "d d/big d/f f" {
			t.Errorf("%s: arrived are %q", name, got)
		}
		writeFiles(t, n.dir, map[string][]byte{"out": noise(1, 5<<20)})
		cmd = process(t, "ascp", n.receiving(t, "/out"), n.overSSH(t, "127.0.0.1:/out", "stdio://")...)
		cmd.Stdout, cmd.Stderr = out, nil
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s, the file itself: %v", name, err)
		}
	}
}

// closedPipe is a pipe that nobody reads.
func closedPipe() (*os.File, error) {
	r, w, err := os.Pipe()
	if err == nil {
		r.Close()
	}
	return w, err
}

// The end of a terminal is an interruption, of which manager and log are told.
func TestHangUp(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"big": noise(4, 30<<20)})
	s := steer(t, n, n.sending(t, "/"), "-l", "20M", from+"/big", "127.0.0.1:/")
	s.until("STATS")
	if err := s.process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := s.until("ERROR"); got.Get("Code") != "28" {
		t.Errorf("told %+v", got)
	}
	if err := s.wait(); err == nil {
		t.Error("no failure")
	}
}

// Started by nohup it goes on.
func TestHangUpOfATerminalThatWasLeft(t *testing.T) {
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"big": noise(4, 30<<20)})
	signal.Ignore(unix.SIGHUP) // A process that is started inherits that.
	defer func() { // A reset alone leaves what is ignored as it is.
		signal.Notify(make(chan os.Signal, 1), unix.SIGHUP)
		signal.Reset(unix.SIGHUP)
	}()
	s := steer(t, n, n.sending(t, "/"), "-l", "20M", from+"/big", "127.0.0.1:/")
	s.until("STATS")
	if err := s.process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.until("STATS")
	s.say("Type: RATE\nRate: 800000")
	s.until("DONE")
	if err := s.wait(); err != nil {
		t.Error(err)
	}
}
