// Command local measures the project's ascp and engine on one machine, from memory to memory over loopback and over a
// veth pair, with one large file and with many small ones, and beside them what can be had of other programs. It prints
// a table of medians and leaves CSV files and a plot. docs/benchmarks.md says how to read them. It needs root, and
// removes what it made at the end and what a former run left.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"faspex.io/operator/hack/bench/flows"
	"faspex.io/operator/hack/bench/report"
	"faspex.io/operator/hack/bench/testbed"
)

// limit bounds each run.
const limit = 2 * time.Minute

type bench struct {
	programs, out string
	runs, files   int
	bytes         int64
	again         bool
	names, flows  *regexp.Regexp
	folder        string
	book          *report.Book
}

func main() {
	b := &bench{}
	var names, selected string
	flag.StringVar(&b.programs, "programs", "bin/bench", "folder of the programs")
	flag.StringVar(&b.out, "out", "bin/bench", "folder of the results")
	flag.IntVar(&b.runs, "runs", 3, "runs of each flow in each scenario")
	flag.Int64Var(&b.bytes, "bytes", 4e9, "bytes of the large file; both ends keep it in memory")
	flag.IntVar(&b.files, "files", 100_000, "number of small files of 4 KiB")
	flag.BoolVar(&b.again, "again", false, "keep the runs of the former use and add to them")
	flag.StringVar(&names, "scenarios", "", "only those whose name matches this regular expression")
	flag.StringVar(&selected, "flows", "", "only those whose name matches this regular expression")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err, err2 error
	b.names, err = regexp.Compile(names)
	b.flows, err2 = regexp.Compile(selected)
	if err = errors.Join(err, err2); err == nil {
		err = b.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// scenario is a pair of ends and what goes over it.
type scenario struct {
	name  string
	pair  func(context.Context) (*testbed.Pair, error)
	rtt   time.Duration
	small bool // many small files instead of a large one
	flows []flows.Flow
}

func (b *bench) scenarios() []scenario {
	loopback := func(context.Context) (*testbed.Pair, error) { return testbed.Loopback() }
	veth := func(context.Context) (*testbed.Pair, error) { return testbed.Veth() }
	far := func(ctx context.Context) (*testbed.Pair, error) {
		return testbed.WAN(ctx, filepath.Join(b.programs, "wanem"), b.folder, "rate=1gbit,rtt=100ms,queue=50ms", 1)
	}
	large := []flows.Flow{flows.Ascp("fair"), flows.Engine("fair"), flows.Scp(), flows.Rsync(), flows.Quic(), flows.UDT(),
		flows.Iperf("cubic", 1)}
	small := []flows.Flow{flows.Ascp("fair"), flows.Rsync(), flows.Tar()}
	return []scenario{
		{"loopback", loopback, 0, false, slices.Concat(large, []flows.Flow{flows.GridFTP(4)})},
		{"veth", veth, 0, false, large},
		{"small files", loopback, 0, true, small},
		{"small files 100 ms", far, 100 * time.Millisecond, true, small},
	}
}

func (b *bench) run(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces need root")
	}
	err := testbed.Sweep()
	if err != nil {
		return fmt.Errorf("remove what a former run left: %w", err)
	}
	if b.programs, err = filepath.Abs(b.programs); err != nil {
		return err
	}
	plot := filepath.Join(b.programs, "plot")
	if _, err := os.Stat(plot); err != nil {
		fmt.Fprintln(os.Stderr, "local: no plot:", err)
		plot = ""
	}
	if b.book, err = report.NewBook(b.out, "lan", plot, b.again); err != nil {
		return err
	}
	if b.folder, err = testbed.Folder(); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	for _, s := range b.scenarios() {
		if !b.names.MatchString(s.name) {
			continue
		}
		if err := b.measure(ctx, s); err != nil {
			return errors.Join(err, b.close())
		}
	}
	return b.close()
}

func (b *bench) close() error {
	return b.book.Close(os.Stdout, report.Plot{Height: "mbps", Title: "Goodput on one machine, median", Label: "Mbit/s"},
		remarks)
}

// prepare makes what a scenario sends and returns where it is.
func (b *bench) prepare(s scenario) (source string, bytes int64, files int, err error) {
	source = filepath.Join(b.folder, "source")
	if err := os.RemoveAll(source); err != nil {
		return "", 0, 0, err
	}
	if s.small {
		const size = 4096
		source = filepath.Join(source, "tree")
		return source, int64(b.files) * size, b.files, testbed.FillTree(source, b.files, size)
	}
	source = filepath.Join(source, "file")
	return source, b.bytes, 1, testbed.Fill(source, b.bytes)
}

func (b *bench) measure(ctx context.Context, s scenario) error {
	source, bytes, files, err := b.prepare(s)
	if err != nil {
		return err
	}
	for run := 1; run <= b.runs; run++ {
		for _, f := range s.flows {
			if !b.flows.MatchString(f.Name) {
				continue
			}
			r := report.Row{Scenario: s.name, Flow: f.Name, Run: run}
			if err := testbed.Warm(b.folder, bytes+bytes/4); err != nil {
				return err
			}
			o, others, err := b.alone(ctx, s, f, flows.Job{Programs: b.programs, Folder: b.folder, Source: source, Bytes: bytes,
				Files: files, RTT: s.rtt, Limit: limit})
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.Others = others
			r.Mbps, r.Handshake, r.MemoryMiB = o.Goodput()/1e6, o.Handshake.Seconds(), float64(o.PeakMemory)/(1<<20)
			if gb := float64(o.Bytes) / 1e9; gb > 0 {
				r.SenderCPU, r.ReceiverCPU = o.SenderCPU/gb, o.ReceiverCPU/gb
			}
			switch {
			case err != nil:
				r.Note = err.Error()
			case o.Cut:
				r.Note = "stopped before its end"
			case s.small:
				r.Note = fmt.Sprintf("%.0f files/s", float64(o.Files)/o.Seconds)
			}
			fmt.Printf("%-18s %-12s run %d: %8.1f Mbit/s, cpu %.2f+%.2f s/GB, %.0f MiB, others %.0f %% %s\n",
				r.Scenario, r.Flow, run, r.Mbps, r.SenderCPU, r.ReceiverCPU, r.MemoryMiB, 100*r.Others, r.Note)
			if err := b.book.Add(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// alone measures one flow on a pair of its own. others is the part of the machine that others used meanwhile.
func (b *bench) alone(ctx context.Context, s scenario, f flows.Flow, j flows.Job) (o flows.Outcome, others float64,
	err error) {
	pair, err := s.pair(ctx)
	if err != nil {
		return o, 0, err
	}
	j.Pair = pair
	before, err := testbed.Now()
	if err != nil {
		_, closeErr := pair.Close()
		return o, 0, errors.Join(err, closeErr)
	}
	o, err = f.Run(ctx, j)
	counted, closeErr := pair.Close()
	others, busyErr := before.Others(o.SenderCPU + o.ReceiverCPU + counted.User + counted.System)
	return o, others, errors.Join(err, closeErr, busyErr)
}
