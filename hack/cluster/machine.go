package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A machine is a process tree whose first process is this program, in mount, host name, IPC, process and
// network namespaces of its own (and control groups, for a node). Killing that one process kills
// everything in it, and its mounts vanish.
//
// It is started in two steps: `machine-boot NAME` enters the network namespace and the control groups, starts
// `machine-init NAME` in the new namespaces, records its process id and ends.

// machineProcess identifies the first process of a machine. The start time tells it from a
// later process with the same id.
type machineProcess struct {
	PID       int    `json:"pid"`
	StartTime uint64 `json:"startTime"` // in clock ticks since boot, field 22 of /proc/PID/stat
	BootID    string `json:"bootID"`
}

// bootID changes whenever the kernel starts.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// parseStartTime reads field 22 of /proc/PID/stat; field 2, the name, is in parentheses and may hold anything.
func parseStartTime(stat string) (uint64, error) {
	i := strings.LastIndexByte(stat, ')')
	if i < 0 {
		return 0, errors.New("no process name")
	}
	fields := strings.Fields(stat[i+1:])
	if len(fields) < 20 {
		return 0, errors.New("too few fields")
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return 0, errors.New("the process has ended")
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

func startTime(pid int) (uint64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStartTime(string(stat))
}

// runningPID returns the id of a machine's first process, 0 when the machine is off.
func runningPID(dir machineDir) int {
	data, err := os.ReadFile(dir.process())
	if err != nil {
		return 0
	}
	var p machineProcess
	if json.Unmarshal(data, &p) != nil || p.BootID != bootID() {
		return 0
	}
	if started, err := startTime(p.PID); err != nil || started != p.StartTime {
		return 0
	}
	return p.PID
}

// powerOn starts a machine and returns without waiting until it has booted.
func powerOn(ctx context.Context, s stateDir, name string) error {
	dir := s.machine(name)
	if runningPID(dir) != 0 {
		return nil
	}
	if err := powerOff(s, name); err != nil { // groups that a crash has left
		return err
	}
	if err := os.MkdirAll(string(dir), 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "machine-boot", name)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("power on %s: %w", name, err)
	}
	return nil
}

// powerOff kills a machine at once, as if its plug were pulled. Its disks stay.
func powerOff(s stateDir, name string) error {
	dir := s.machine(name)
	if pid := runningPID(dir); pid != 0 {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill %s: %w", name, err)
		}
		for deadline := time.Now().Add(20 * time.Second); runningPID(dir) != 0; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				return fmt.Errorf("%s (process %d) does not die", name, pid)
			}
		}
	}
	if err := removeCgroups(dir, 20*time.Second); err != nil {
		return fmt.Errorf("power off %s: %w", name, err)
	}
	return errors.Join(os.RemoveAll(dir.process()), os.RemoveAll(dir.ready()))
}

// bootMachine is `machine-boot`: it runs in the namespaces of this machine and starts the first process of the other.
func bootMachine(s stateDir, name string) error {
	dir := s.machine(name)
	flags := uintptr(unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWPID)
	if name != controlPlane {
		if err := createCgroups(dir, name); err != nil {
			return err
		}
		flags |= unix.CLONE_NEWCGROUP
	}
	log, err := openLog(dir.log("machine"))
	if err != nil {
		return err
	}
	defer log.Close()
	// The thread's network namespace is what the child inherits.
	return inNamespace(name, func() error {
		cmd := exec.Command("/proc/self/exe", "machine-init", name)
		cmd.Dir = "/"
		cmd.Stdout, cmd.Stderr = log, log
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Setsid: true}
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		started, err := startTime(cmd.Process.Pid)
		if err != nil {
			return fmt.Errorf("%s ended at once: %w", name, err)
		}
		record, err := json.Marshal(machineProcess{PID: cmd.Process.Pid, StartTime: started, BootID: bootID()})
		if err != nil {
			return err
		}
		return os.WriteFile(dir.process(), record, 0o644)
	})
}

// initMachine is `machine-init`, the first process of a machine. It returns only when the machine could not be started.
func initMachine(ctx context.Context, s stateDir, name string) error {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	// Private first: nothing that is mounted here shows outside. Then shared: containers may ask
	// for mounts to propagate within.
	for _, flag := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err := unix.Mount("", "/", "", unix.MS_REC|flag, ""); err != nil {
			return fmt.Errorf("detach the mounts: %w", err)
		}
	}
	if err := mountFresh("proc", "/proc", ""); err != nil {
		return err
	}
	r, err := requireRecord(s)
	if err != nil {
		return err
	}
	b := r.Binaries
	if name == controlPlane {
		err = runControlPlane(ctx, s, b)
	} else {
		var i int
		if _, err := fmt.Sscanf(name, "n%d", &i); err != nil {
			return fmt.Errorf("%q is not a machine", name)
		}
		err = runNode(ctx, i, s, b)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.machine(name).ready(), nil, 0o644); err != nil {
		return err
	}
	select {} // until somebody pulls the plug
}

// inMachine returns a command that runs inside a machine, in all its namespaces.
func inMachine(ctx context.Context, s stateDir, b binaries, name string, args ...string) (*exec.Cmd, error) {
	pid := runningPID(s.machine(name))
	if pid == 0 {
		return nil, fmt.Errorf("%s is powered off", name)
	}
	enter := []string{"--target", strconv.Itoa(pid), "--mount", "--uts", "--ipc", "--net", "--pid"}
	if name != controlPlane {
		enter = append(enter, "--cgroup")
	}
	cmd := exec.CommandContext(ctx, "nsenter", append(append(enter, "--"), args...)...)
	cmd.Env = append(os.Environ(), "PATH="+b.searchPath())
	return cmd, nil
}

// bootFailure returns the end of a machine's own log, which says why it did not boot.
func bootFailure(dir machineDir) string {
	data, err := os.ReadFile(dir.log("machine"))
	if errors.Is(err, fs.ErrNotExist) || len(data) == 0 {
		return "its log is empty"
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-5):], []byte("; ")))
}
