package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// program is a process that a machine keeps running.
type program struct {
	name string
	path string
	args []string
	env  []string
}

// supervisor is what the first process of a machine does: it starts programs, starts them again when
// they end, and reaps the orphans that containers leave to it. Only it may wait for children, so
// nothing in that process uses os/exec.
type supervisor struct {
	dir     machineDir
	mu      sync.Mutex // held from fork until the child is known, so that no exit is reaped unseen
	waiters map[int]chan syscall.WaitStatus
}

// restartDelay keeps a program that can't start from taking a CPU for itself.
const restartDelay = time.Second

func newSupervisor(dir machineDir) *supervisor {
	s := &supervisor{dir: dir, waiters: map[int]chan syscall.WaitStatus{}}
	go s.reap()
	return s
}

// reap collects every child that ends, forever.
func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil: // no child at the moment
			time.Sleep(50 * time.Millisecond)
			continue
		}
		s.mu.Lock()
		if ch, ok := s.waiters[pid]; ok {
			delete(s.waiters, pid)
			ch <- status
		}
		s.mu.Unlock()
	}
}

// start forks a program with its output at the end of log, and returns the channel that gets its exit status.
func (s *supervisor) start(p program, log *os.File) (pid int, exited <-chan syscall.WaitStatus, err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	pid, err = syscall.ForkExec(p.path, append([]string{filepath.Base(p.path)}, p.args...), &syscall.ProcAttr{
		Dir: "/", Env: append(os.Environ(), p.env...),
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return 0, nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	ch := make(chan syscall.WaitStatus, 1)
	s.waiters[pid] = ch
	return pid, ch, nil
}

// keep runs a program until the machine ends.
func (s *supervisor) keep(p program) error {
	log, err := openLog(s.dir.log(p.name))
	if err != nil {
		return err
	}
	go func() {
		for {
			pid, exited, err := s.start(p, log)
			if err != nil {
				fmt.Fprintf(log, "--- %s %v\n", timestamp(), err)
			} else {
				fmt.Fprintf(log, "--- %s started %s as process %d\n", timestamp(), p.name, pid)
				status := <-exited
				fmt.Fprintf(log, "--- %s %s ended: exit status %d, signal %d\n", timestamp(), p.name, status.ExitStatus(),
					status.Signal())
			}
			time.Sleep(restartDelay)
		}
	}()
	return nil
}

// run runs a program once and waits for it.
func (s *supervisor) run(ctx context.Context, p program) error {
	log, err := openLog(s.dir.log(p.name))
	if err != nil {
		return err
	}
	defer log.Close()
	pid, exited, err := s.start(p, log)
	if err != nil {
		return err
	}
	select {
	case status := <-exited:
		if status != 0 {
			return fmt.Errorf("%s failed with exit status %d", p.name, status.ExitStatus())
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s: %w", p.name, ctx.Err()), syscall.Kill(pid, syscall.SIGKILL))
	}
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

func timestamp() string { return time.Now().Format("15:04:05.000") }
