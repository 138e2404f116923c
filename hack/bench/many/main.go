// Command many measures many sessions of one node at the same time: their sum, how evenly they share, and what each
// costs. Clients download one file of the node, from its memory, and throw it away (faux://), over an emulated link and
// over loopback. docs/benchmarks.md says how to read what it prints. It needs root.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

// The times of a run, from when the last session has begun: what is measured is what moves between settle and end.
const (
	settle = 20 * time.Second
	end    = 40 * time.Second
	// startup bounds how long the sessions may take until all have begun.
	startup = 90 * time.Second
)

// What is asked for.
const (
	leastShare = 0.9 // of the limit of the link, or over loopback of what one session reaches
	leastJain  = 0.9
)

// place is where the sessions run.
type place struct {
	name  string
	pair  func(context.Context) (*testbed.Pair, error)
	limit float64 // of all sessions together in bits per second; 0 is what one session reaches
}

type bench struct {
	programs, folder string
	sessions         []int
	missed           bool
}

func main() {
	programs := flag.String("programs", "bin/bench", "folder of the programs")
	only := flag.String("place", "", "link or loopback; both without it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{programs: *programs, sessions: []int{1, 50, 200}}
	if err := b.run(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "many:", err)
		os.Exit(1)
	}
	if b.missed {
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, only string) error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces need root")
	}
	err := testbed.Sweep()
	if err != nil {
		return err
	}
	if b.programs, err = filepath.Abs(b.programs); err != nil {
		return err
	}
	if b.folder, err = testbed.Folder(); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	if err := testbed.Fill(filepath.Join(b.folder, "served", "file"), 4e9); err != nil {
		return err
	}
	for _, p := range []place{
		{"link", func(ctx context.Context) (*testbed.Pair, error) {
			return testbed.WAN(ctx, filepath.Join(b.programs, "wanem"), b.folder, "rate=300mbit,rtt=50ms,queue=50ms", 1)
		}, 300e6 * 0.96},
		{"loopback", func(context.Context) (*testbed.Pair, error) { return testbed.Loopback() }, 0},
	} {
		if only != "" && only != p.name {
			continue
		}
		for _, n := range b.sessions {
			o, err := b.measure(ctx, p, n)
			if err != nil {
				return fmt.Errorf("%d sessions over %s: %w", n, p.name, err)
			}
			if p.limit == 0 {
				p.limit = o.sum()
			}
			b.report(p, o)
		}
	}
	return nil
}

func (b *bench) report(p place, o outcome) {
	share, fair := o.sum()/p.limit, o.jain()
	note := o.note
	if share < leastShare || fair < leastJain {
		b.missed = true
		note = "MISSED " + note
	}
	fmt.Printf("%-8s %3d sessions: %7.1f Mbit/s, %.2f of the limit, Jain %.3f (least %.2f, most %.2f of the mean), all begun after "+
		"%.1f s; a session at the node %.1f MiB, %.1f ms/s of a processor, its ascp %.0f MiB, %.1f ms/s; others %.0f %% %s\n",
		p.name, len(o.rates), o.sum()/1e6, share, fair, slices.Min(o.rates)/o.mean(), slices.Max(o.rates)/o.mean(),
		o.begun.Seconds(), o.nodeMiB, o.nodeCPU*1e3, o.clientMiB, o.clientCPU*1e3, 100*o.others, note)
}
