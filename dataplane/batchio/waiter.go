package batchio

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// waiter waits in the runtime's poller for a socket that is not in it. Between them stands an epoll
// instance that can be shut, so what arrives during a rest wakes nobody.
type waiter struct {
	socket   int
	file     *os.File // the epoll instance
	raw      syscall.RawConn
	open     bool // events pass
	deadline time.Time
	attempt  func(socket int) (arrived bool)
	pass     func(uintptr) bool
	failed   error // of the last wait
	closed   atomic.Bool
}

// newWaiter makes a waiter that calls attempt when something may have arrived.
func newWaiter(socket int, attempt func(int) bool) (*waiter, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	w := &waiter{socket: socket, attempt: attempt}
	w.pass = w.look
	// The runtime polls what does not block.
	if err := errors.Join(unix.SetNonblock(fd, true),
		unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, socket, &unix.EpollEvent{})); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	w.file = os.NewFile(uintptr(fd), "epoll")
	if w.raw, err = w.file.SyscallConn(); err != nil {
		w.file.Close()
		return nil, err
	}
	return w, nil
}

// look is called before the poller waits and each time that it was woken.
func (w *waiter) look(fd uintptr) bool {
	if !w.open {
		event := unix.EpollEvent{Events: unix.EPOLLIN}
		if w.failed = unix.EpollCtl(int(fd), unix.EPOLL_CTL_MOD, w.socket, &event); w.failed != nil {
			return true
		}
		w.open = true
	}
	return w.attempt(w.socket)
}

// shut has nothing that arrives wake anybody until the next wait.
func (w *waiter) shut() error {
	if !w.open {
		return nil
	}
	w.open = false
	var inner error
	err := w.raw.Control(func(fd uintptr) {
		inner = unix.EpollCtl(int(fd), unix.EPOLL_CTL_MOD, w.socket, &unix.EpollEvent{})
	})
	return w.outcome(errors.Join(err, inner))
}

// wait returns nil when an attempt was successful, at the deadline, or when it is woken; net.ErrClosed when
// it is closed.
func (w *waiter) wait(deadline time.Time, tolerance time.Duration) error {
	// Moving the deadline is not free: keep one that is near enough.
	if w.deadline.After(deadline) || deadline.Sub(w.deadline) > tolerance {
		w.deadline = deadline
		if err := w.file.SetReadDeadline(deadline); err != nil {
			return w.outcome(err)
		}
	}
	err := w.raw.Read(w.pass)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.deadline = time.Time{} // it may have been moved by wake
		return nil
	}
	return w.outcome(errors.Join(err, w.failed))
}

// wake ends a wait.
func (w *waiter) wake() { _ = w.file.SetReadDeadline(time.Unix(1, 0)) } // fails when it is closed, which wakes as well

func (w *waiter) close() {
	w.closed.Store(true)
	w.file.Close()
}

// outcome is net.ErrClosed after close, whatever came of it: which error depends on how far the wait and the closing
// had got, and not all of them are exported.
func (w *waiter) outcome(err error) error {
	if w.closed.Load() {
		return net.ErrClosed
	}
	return err
}
