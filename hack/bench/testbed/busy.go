package testbed

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is how many of the kernel's units of processor time a second has (USER_HZ, the same on all machines).
const ticks = 100

// Busy is how much processor time all processes of this machine but this one have used, and when that was.
type Busy struct {
	seconds float64
	at      time.Time
}

// Now reads what has been used so far.
func Now() (Busy, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Busy{}, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	b, err := parseBusy(line)
	if err != nil {
		return Busy{}, err
	}
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return Busy{}, err
	}
	return Busy{b - float64(self.Utime.Nano()+self.Stime.Nano())/1e9, time.Now()}, nil
}

// parseBusy reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.
func parseBusy(line string) (seconds float64, err error) {
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	for _, i := range []int{1, 2, 3, 6, 7, 8} {
		n, err := strconv.ParseUint(f[i], 10, 64)
		if err != nil {
			return 0, err
		}
		seconds += float64(n) / ticks
	}
	return seconds, nil
}

// Others is the part of this machine's processors that others have used since b, when the measurement used own seconds.
func (b Busy) Others(own float64) (float64, error) {
	now, err := Now()
	if err != nil {
		return 0, err
	}
	all := now.at.Sub(b.at).Seconds() * float64(runtime.NumCPU())
	return max(0, now.seconds-b.seconds-own) / max(all, 0.01), nil
}
