package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// patience is how long a process may take to end after SIGTERM.
const patience = 3 * time.Second

// Command is a program to run: Dir and Env as in exec.Cmd, Env in addition to this process's. Output may be nil.
type Command struct {
	Name   string
	Args   []string
	Dir    string
	Env    []string
	Output io.Writer
	// Ordinary programs run at the niceness of this process, for nobody measures them.
	Ordinary bool
}

// Process is a running program with all its children. It dies with this process.
type Process struct {
	cmd    *exec.Cmd
	errors lockedBuffer
	done   chan struct{}
	err    error
	ended  time.Time
}

// Start runs a program at a place. The end of ctx kills it.
func (p Place) Start(ctx context.Context, c Command) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cmd := exec.Command(c.Name, c.Args...)
	cmd.Dir, cmd.Env = c.Dir, append(os.Environ(), c.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	r := &Process{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = c.Output, &r.errors
	cmd.WaitDelay = patience
	start := func() error { return startNice(cmd) }
	if c.Ordinary {
		start = func() error { return onThread(cmd.Start) }
	}
	if err := p.within(start); err != nil {
		return nil, err
	}
	unhook := context.AfterFunc(ctx, func() { r.signal(syscall.SIGKILL) })
	go func() {
		r.err = cmd.Wait()
		r.ended = time.Now()
		unhook()
		r.signal(syscall.SIGKILL) // Whatever children are left.
		close(r.done)
	}()
	return r, nil
}

// niceness is that of all that is measured, so that what else runs on the machine takes little from it.
const niceness = -15

// startNice starts a program at the niceness, which it and all its children inherit from the thread that starts it.
// Where the kernel divides the processors among sessions first, the session of the program gets it too.
func startNice(cmd *exec.Cmd) error {
	err := onThread(func() error {
		thread := syscall.Gettid()
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, thread, niceness); err != nil {
			return err
		}
		return errors.Join(cmd.Start(), syscall.Setpriority(syscall.PRIO_PROCESS, thread, 0))
	})
	if err != nil {
		return err
	}
	group := fmt.Sprintf("/proc/%d/autogroup", cmd.Process.Pid)
	// It is not there where the kernel has no such groups, or when the program has ended already.
	_ = os.WriteFile(group, []byte(strconv.Itoa(niceness)), 0)
	return nil
}

func (r *Process) signal(s syscall.Signal) {
	_ = syscall.Kill(-r.cmd.Process.Pid, s) // It may just have ended.
}

// Wait waits for the end for at most limit, then stops the program and reports that it was too slow.
func (r *Process) Wait(limit time.Duration) (inTime bool, err error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-r.done:
		return true, r.err
	case <-timer.C:
		r.Stop()
		return false, nil
	}
}

// Stop ends the program: with SIGTERM, and if that does not help with SIGKILL.
func (r *Process) Stop() {
	r.signal(syscall.SIGTERM)
	select {
	case <-r.done:
	case <-time.After(patience):
		r.signal(syscall.SIGKILL)
		<-r.done
	}
}

// Kill ends the program and its children with SIGKILL and waits until they are gone.
func (r *Process) Kill() {
	r.signal(syscall.SIGKILL)
	<-r.done
}

// Signal sends a signal to the program and its children.
func (r *Process) Signal(s syscall.Signal) { r.signal(s) }

// Pid is the id of the program's process.
func (r *Process) Pid() int { return r.cmd.Process.Pid }

// Childless waits for at most limit until the program has no children, so that it has taken over their processor time.
func (r *Process) Childless(limit time.Duration) {
	pid := strconv.Itoa(r.cmd.Process.Pid)
	for end := time.Now().Add(limit); time.Now().Before(end) && !r.Ended(); time.Sleep(10 * time.Millisecond) {
		children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
		if err == nil && len(children) == 0 {
			return
		}
	}
}

// Ended reports whether the program ended.
func (r *Process) Ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Done is closed when the program has ended.
func (r *Process) Done() <-chan struct{} { return r.done }

// EndedAt is when the program ended.
func (r *Process) EndedAt() time.Time { return r.ended }

// CPU is the processor time in seconds that the ended program and its children used.
func (r *Process) CPU() float64 {
	if !r.Ended() || r.cmd.ProcessState == nil {
		return 0
	}
	return (r.cmd.ProcessState.UserTime() + r.cmd.ProcessState.SystemTime()).Seconds()
}

// PeakMemory is the largest resident set of the ended program in bytes.
func (r *Process) PeakMemory() int64 {
	if !r.Ended() || r.cmd.ProcessState == nil {
		return 0
	}
	if u, ok := r.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}

// Errors is what the program wrote to its standard error.
func (r *Process) Errors() string { return r.errors.String() }

// Failed turns the end of a program into an error that shows what it wrote.
func (r *Process) Failed(err error) error {
	if err == nil {
		return nil
	}
	text := r.Errors()
	if len(text) > 400 {
		text = text[len(text)-400:]
	}
	return errors.Join(err, errors.New(text))
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
