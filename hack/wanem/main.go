// Command wanem emulates a wide-area link in user space, for kernels without netem: two network namespaces get a
// TUN device each, and this process moves the packets between them with delay, jitter, random and burst loss, a rate
// with a finite drop-tail queue, reordering and duplication, separately per direction, from a seed.
//
// It takes TSO and USO super-packets of up to 64 KiB from the kernel and gives such back, so that one read and one
// write carry up to 45 packets; the model itself works on wire packets. It knows nothing of namespaces' addresses and
// routes, of processes at the ends and of what the packets carry: package testbed sets those up. The settings of a
// direction are listed at Spec.set, limits and how to read the report in docs/benchmarks.md.
//
// The code descends from a program under the license in the file LICENSE beside it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// event is a timed change of the settings of a direction: ab, ba or both.
type event struct {
	at        time.Duration
	direction string
	spec      string
}

// report is what the program prints at its end.
type report struct {
	Seed     uint64   `json:"seed"`
	MTU      int      `json:"mtu"`
	AB       string   `json:"ab_spec"`
	BA       string   `json:"ba_spec"`
	WallSec  float64  `json:"wall_s"`
	CPUUser  float64  `json:"cpu_user_s"`
	CPUSys   float64  `json:"cpu_sys_s"`
	CPUPct   float64  `json:"cpu_pct"`      // of one core, over the whole run
	BusyPct  float64  `json:"cpu_busy_pct"` // of one core, over the time with traffic
	CPUBusyS float64  `json:"cpu_busy_s"`
	A2B      Counters `json:"ab"`
	B2A      Counters `json:"ba"`
}

// settings are the command line.
type settings struct {
	aNS, bNS, dev        string
	both, ab, ba         string
	mtu, txQueue         int
	seed                 uint64
	tick, every, limit   time.Duration
	offload, merge, fifo bool
	jsonOut, ready       string
	events               []event
}

func flags() *settings {
	s := &settings{}
	flag.StringVar(&s.aNS, "a-ns", "wanA", "network namespace of side A")
	flag.StringVar(&s.bNS, "b-ns", "wanB", "network namespace of side B")
	flag.StringVar(&s.dev, "dev", "wan0", "name of the TUN device made in both namespaces")
	flag.StringVar(&s.both, "both", "",
		"settings of both directions, e.g. rate=300mbit,rtt=100ms,loss=1%,queue=50ms,ba.loss=10%")
	flag.StringVar(&s.ab, "ab", "", "settings of A->B only, applied after -both")
	flag.StringVar(&s.ba, "ba", "", "settings of B->A only, applied after -both")
	flag.IntVar(&s.mtu, "mtu", 1500, "MTU of the TUN devices")
	flag.IntVar(&s.txQueue, "txqueue", 20000, "TUN transmit queue length in packets")
	flag.Uint64Var(&s.seed, "seed", 1, "RNG seed (same seed + same packet sequence = same losses)")
	flag.DurationVar(&s.tick, "tick", 200*time.Microsecond,
		"batching quantum: packets are read and delivered in steps of this size")
	flag.BoolVar(&s.offload, "offload", true, "accept TSO/USO super-packets and unfinished checksums from the kernel")
	flag.BoolVar(&s.merge, "merge", true, "deliver packets due together as TSO/USO super-packets (needs -offload)")
	flag.BoolVar(&s.fifo, "rt", true, "run the forwarding thread under SCHED_FIFO")
	flag.StringVar(&s.jsonOut, "json", "-", "where the final JSON report goes (- = stdout)")
	flag.StringVar(&s.ready, "ready", "", "create this file once the devices are up")
	flag.DurationVar(&s.every, "stats", 0, "print a JSON line of both directions to stderr this often")
	flag.DurationVar(&s.limit, "t", 0, "stop after this time (0 = on SIGINT/SIGTERM)")
	flag.Func("at",
		"timed change, e.g. -at 10s/ab/rate=100mbit,loss=2% (direction ab, ba or both; repeatable, in time order)",
		s.addEvent)
	flag.Parse()
	return s
}

func (s *settings) addEvent(v string) error {
	f := strings.SplitN(v, "/", 3)
	if len(f) != 3 {
		return errors.New("want TIME/DIRECTION/SETTINGS")
	}
	d, err := time.ParseDuration(f[0])
	if err != nil {
		return err
	}
	if f[1] != "ab" && f[1] != "ba" && f[1] != "both" {
		return fmt.Errorf("direction %q is none of ab, ba, both", f[1])
	}
	spec := defaultSpec()
	if err := spec.Set(f[1], f[2]); err != nil {
		return err
	}
	s.events = append(s.events, event{d, f[1], f[2]})
	return nil
}

func main() {
	if err := run(flags()); err != nil {
		fmt.Fprintln(os.Stderr, "wanem:", err)
		os.Exit(1)
	}
}

func run(s *settings) error {
	ab, ba, err := s.specs()
	if err != nil {
		return err
	}
	debug.SetGCPercent(400)
	fa, err := openTUN(s.aNS, s.dev, s.mtu, s.txQueue, s.offload)
	if err != nil {
		return fmt.Errorf("side A: %w", err)
	}
	fb, err := openTUN(s.bNS, s.dev, s.mtu, s.txQueue, s.offload)
	if err != nil {
		return fmt.Errorf("side B: %w", err)
	}
	slack, merge := s.tick/2, s.merge && s.offload
	a := newLink("ab", fa, fb, ab, s.seed, slack, merge, arenaSize(ab))
	b := newLink("ba", fb, fa, ba, s.seed+0x5851f42d4c957f2d, slack, merge, arenaSize(ba))
	b.severed = a.severed
	var stop atomic.Bool
	go s.wait(&stop, a.severed)
	if s.ready != "" {
		if err := os.WriteFile(s.ready, []byte("ready\n"), 0o644); err != nil {
			return err
		}
	}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, "wanem: timer slack:", err)
	}
	if s.fifo {
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 10}
		if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
			fmt.Fprintln(os.Stderr, "wanem: SCHED_FIFO refused:", err)
		}
	}
	f := &forwarder{a: a, b: b, tick: int64(s.tick), every: int64(s.every), events: s.events, start: nanotime()}
	f.run(&stop)
	return s.write(f)
}

// specs are the settings of both directions.
func (s *settings) specs() (ab, ba Spec, err error) {
	ab, ba = defaultSpec(), defaultSpec()
	err = errors.Join(ab.Set("ab", s.both), ab.Set("ab", s.ab), ba.Set("ba", s.both), ba.Set("ba", s.ba))
	return ab, ba, err
}

// wait sets stop at a signal or when the time is over. SIGUSR1 cuts the link, SIGUSR2 mends it.
func (s *settings) wait(stop, severed *atomic.Bool) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2)
	var over <-chan time.Time
	if s.limit > 0 {
		over = time.After(s.limit)
	}
	for !stop.Load() {
		select {
		case got := <-signals:
			switch got {
			case unix.SIGUSR1, unix.SIGUSR2:
				severed.Store(got == unix.SIGUSR1)
			default:
				stop.Store(true)
			}
		case <-over:
			stop.Store(true)
		}
	}
}

func (s *settings) write(f *forwarder) error {
	user, system := cpu()
	r := report{Seed: s.seed, MTU: s.mtu, AB: f.a.spec.String(), BA: f.b.spec.String(),
		WallSec: float64(nanotime()-f.start) / 1e9, CPUUser: user, CPUSys: system,
		A2B: f.a.snapshot(), B2A: f.b.snapshot()}
	r.CPUPct = 100 * (user + system) / r.WallSec
	if f.busyTo > f.busyFrom {
		r.CPUBusyS = f.busyCPU
		r.BusyPct = 100 * f.busyCPU / (float64(f.busyTo-f.busyFrom) / 1e9)
	}
	j, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	j = append(j, '\n')
	if s.jsonOut == "-" {
		_, err = os.Stdout.Write(j)
		return err
	}
	return os.WriteFile(s.jsonOut, j, 0o644)
}
