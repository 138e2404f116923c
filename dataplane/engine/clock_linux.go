package engine

import (
	"time"

	"golang.org/x/sys/unix"
)

type systemClock struct{ start time.Time }

// SystemClock is the machine's monotonic clock. Its Sleep is precise to tens of microseconds on a
// locked thread (clock_nanosleep), where the runtime's own timers are a millisecond late.
func SystemClock() Clock { return systemClock{time.Now()} }

func (c systemClock) Now() time.Duration { return time.Since(c.start) }

func (systemClock) Wall() time.Duration { return time.Duration(time.Now().UnixNano()) }

func (c systemClock) Sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := unix.NsecToTimespec(int64(d))
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &t, &t) == unix.EINTR {
	}
}

// preciseThread asks for timers without slack for the calling, locked thread.
func preciseThread() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) }
