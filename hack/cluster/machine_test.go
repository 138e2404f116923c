package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseStartTime(t *testing.T) {
	const rest = " 1 1 1 0 -1 4194560 100 0 0 0 10 20 0 0 20 0 8 0 181332 1268220000 9264"
	for name, c := range map[string]struct {
		stat string
		want uint64
		ok   bool
	}{
		"plain name":                    {"42 (cluster) S" + rest, 181332, true},
		"name with spaces and brackets": {"42 (a) R (b) S" + rest, 181332, true},
		"ended but not yet waited for":  {"42 (cluster) Z" + rest, 0, false},
		"cut short":                     {"42 (cluster) S 1 2", 0, false},
		"not a stat file":               {"", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStartTime(c.stat)
			if (err == nil) != c.ok || got != c.want {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}

func TestRunningPIDKnowsOneProcessFromAnother(t *testing.T) {
	dir := machineDir(t.TempDir())
	write := func(record string) {
		if err := os.WriteFile(dir.process(), []byte(record), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pid := runningPID(dir); pid != 0 {
		t.Errorf("without a record: %d", pid)
	}
	write(`{"pid": 1, "startTime": 999999999999, "bootID": "` + bootID() + `"}`)
	if pid := runningPID(dir); pid != 0 {
		t.Errorf("another process with the same id: %d", pid)
	}
	write(`{"pid": 1, "startTime": 0, "bootID": "an earlier one"}`)
	if pid := runningPID(dir); pid != 0 {
		t.Errorf("before a restart: %d", pid)
	}
}

func TestParseHierarchies(t *testing.T) {
	const mixed = "9:name=systemd:/\n4:memory:/group/x\n1:cpu,cpuacct:/\n0::/\n"
	for name, c := range map[string]struct {
		text    string
		unified bool
		want    []cgroupHierarchy
	}{
		"version 1": {mixed, false, []cgroupHierarchy{
			{"name=systemd", "/sys/fs/cgroup/systemd"}, {"memory", "/sys/fs/cgroup/memory/group/x"},
			{"cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct"},
		}},
		"version 2": {"0::/user.slice/session-1.scope\n", true, []cgroupHierarchy{{"", "/sys/fs/cgroup"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := parseHierarchies(c.text, c.unified)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(cgroupHierarchy{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckProgramsNamesThePackages(t *testing.T) {
	err := checkPrograms(func(p string) (string, error) {
		if p == "nft" {
			return "", exec.ErrNotFound
		}
		return p, nil
	})
	if err == nil || !strings.Contains(err.Error(), "install Debian's nftables") ||
		strings.Contains(err.Error(), "iptables is missing") {
		t.Errorf("got %v", err)
	}
}

func TestWaitForEndsAtOnceWhenWaitingCannotHelp(t *testing.T) {
	asked := 0
	err := waitFor(t.Context(), io.Discard, "something", time.Hour, func(context.Context) error {
		asked++
		return &finalError{errors.New("the machine has stopped")}
	})
	if err == nil || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

func TestImportMarkFollowsTheContent(t *testing.T) {
	dir := machineDir(t.TempDir())
	file := filepath.Join(t.TempDir(), "x.tar")
	mark := func(content string) string {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := importMark(dir, file)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	one, two := mark("one"), mark("two")
	if one == two || mark("one") != one {
		t.Errorf("marks %s and %s", one, two)
	}
	// A tag that has moved to a newer image moves back when the older tarball is loaded again.
	for _, m := range []string{one, two} {
		if err := writeMark(m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(one); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the older mark is still there: %v", err)
	}
}

func TestSupervisorRunsAndReports(t *testing.T) {
	if os.Getenv("SUPERVISED") == "" {
		// The supervisor reaps every child of its process: it gets a process of its own.
		cmd := exec.Command(os.Args[0], "-test.run=^TestSupervisorRunsAndReports$", "-test.v")
		cmd.Env = append(os.Environ(), "SUPERVISED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	s := newSupervisor(machineDir(t.TempDir()))
	if err := s.run(t.Context(), program{name: "good", path: "/bin/sh", args: []string{"-c", "echo fine"}}); err != nil {
		t.Error(err)
	}
	if out, err := os.ReadFile(s.dir.log("good")); err != nil || string(out) != "fine\n" {
		t.Errorf("log %q, %v", out, err)
	}
	if err := s.run(t.Context(), program{name: "bad", path: "/bin/sh", args: []string{"-c", "exit 3"}}); err == nil ||
		!strings.Contains(err.Error(), "status 3") {
		t.Errorf("got %v", err)
	}
	if err := s.run(t.Context(), program{name: "none", path: "/nonexistent"}); err == nil {
		t.Error("a missing program started")
	}
}
