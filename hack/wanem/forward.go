package main

import (
	"encoding/json"
	"math"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readBudget is how many super-packets are taken from a device before what is due is delivered.
const readBudget = 1024

var epoch = time.Now()

func nanotime() int64 { return int64(time.Since(epoch)) + 1 }

// cpu is the time this process has used, in seconds.
func cpu() (user, system float64) {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0, 0
	}
	return float64(r.Utime.Nano()) / 1e9, float64(r.Stime.Nano()) / 1e9
}

// forwarder moves packets both ways in one thread. Times are in nanoseconds.
type forwarder struct {
	a, b   *link
	tick   int64 // batching quantum
	every  int64 // time between lines of statistics, 0 = none
	events []event
	start  int64

	busyFrom, busyTo int64 // first and last packet
	busyCPU          float64
	nextStats        int64
	before           [2]Counters
}

// run forwards packets until stop. While packets flow it works in steps of one tick (drain both devices, deliver
// what is due, sleep); when nothing arrives it waits in ppoll for input or for the next due packet.
func (f *forwarder) run(stop *atomic.Bool) {
	poll := []unix.PollFd{{Fd: int32(f.a.in), Events: unix.POLLIN}, {Fd: int32(f.b.in), Events: unix.POLLIN}}
	last := nanotime() // previous poll of the devices
	slept := false     // whether packets may have been waiting since last
	f.nextStats = f.start + f.every
	cpu0 := 0.0
	for !stop.Load() {
		now := nanotime()
		f.change(now)
		from := now // woken by input: it has just arrived
		if slept {
			from = last
		}
		last = now
		n := f.a.ingest(from, now, readBudget) + f.b.ingest(from, now, readBudget)
		now = nanotime()
		f.a.release(now)
		f.b.release(now)
		if n > 0 {
			if f.busyFrom == 0 {
				u, s := cpu()
				f.busyFrom, cpu0 = now, u+s
			}
			f.busyTo = now
		}
		if f.every > 0 && now >= f.nextStats {
			f.stats(now)
		}
		slept = n > 0 && n < readBudget
		switch {
		case n >= readBudget: // backlog: go on at once
		case n > 0:
			nanosleep(f.tick - nanotime()%f.tick)
		default:
			f.idle(poll)
		}
	}
	u, s := cpu()
	f.busyCPU = u + s - cpu0
}

// change applies the timed changes that are due.
func (f *forwarder) change(now int64) {
	for len(f.events) > 0 && now-f.start >= int64(f.events[0].at) {
		e := f.events[0]
		f.events = f.events[1:]
		for _, l := range []*link{f.a, f.b} {
			if e.direction != l.name && e.direction != "both" {
				continue
			}
			spec := l.spec
			if spec.Set(l.name, e.spec) == nil {
				l.setSpec(spec)
			}
		}
	}
}

// idle waits for input or for the next packet that is due.
func (f *forwarder) idle(poll []unix.PollFd) {
	wait := int64(100 * time.Millisecond)
	if next := min(f.a.next(), f.b.next()); next != math.MaxInt64 {
		wait = min(wait, max(next-nanotime()-f.a.slack, 0))
	}
	if wait > 0 {
		ts := unix.NsecToTimespec(wait)
		_, _ = unix.Ppoll(poll, &ts, nil) // A signal or an error leads to the next turn all the same.
	}
}

// nanosleep blocks the thread without telling the Go scheduler, which would take a millisecond to wake it.
func nanosleep(d int64) {
	ts := unix.NsecToTimespec(d)
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// row is one direction in a line of statistics.
type row struct {
	InMbps    float64 `json:"in_mbps"`
	OutMbps   float64 `json:"out_mbps"`
	QueueMs   float64 `json:"queue_ms"`
	DropQueue uint64  `json:"drop_queue"`
	DropLoss  uint64  `json:"drop_loss"`
}

// stats prints what happened since the last line.
func (f *forwarder) stats(now int64) {
	f.nextStats += f.every
	line := map[string]any{"t": float64(now-f.start) / 1e9}
	for i, l := range []*link{f.a, f.b} {
		p, c := f.before[i], l.c
		q := 0.0
		if c.qN > p.qN {
			q = (c.qSum - p.qSum) / float64(c.qN-p.qN)
		}
		mbps := func(before, after uint64) float64 { return float64(after-before) * 8e3 / float64(f.every) }
		line[l.name] = row{mbps(p.InBytes, c.InBytes), mbps(p.OutBytes, c.OutBytes), q, c.DropQueue - p.DropQueue,
			c.DropLoss - p.DropLoss}
		f.before[i] = c
	}
	if j, err := json.Marshal(line); err == nil {
		_, _ = os.Stderr.Write(append(j, '\n')) // Nobody has to read the statistics.
	}
}
