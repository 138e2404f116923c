// Command wan measures the project's ascp over emulated wide-area links, and beside it, in the same run, what can
// be had of other programs. It prints a table of medians with the physical limit beside every figure and leaves
// CSV files and a plot. docs/benchmarks.md says how to read them. It needs root, and removes what it made at the
// end and what a former run left.
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
	"strings"
	"syscall"

	"faspex.io/operator/hack/bench/report"
	"faspex.io/operator/hack/bench/testbed"
)

// bench is one use of the program.
type bench struct {
	programs, out  string
	runs           int
	quick, list    bool
	again          bool
	log            bool
	shrink         int64
	names, flows   *regexp.Regexp
	group          string
	folder, source string
	sourceBytes    int64
	book           *report.Book
}

func main() {
	b := &bench{}
	var names, selected string
	flag.StringVar(&b.programs, "programs", "bin/bench", "folder of the programs")
	flag.StringVar(&b.out, "out", "bin/bench", "folder of the results")
	flag.IntVar(&b.runs, "runs", 3, "runs of each flow in each scenario")
	flag.BoolVar(&b.quick, "quick", false, "four scenarios only")
	flag.BoolVar(&b.list, "list", false, "print the scenarios and end")
	flag.BoolVar(&b.again, "again", false, "keep the runs of the former use and add to them")
	flag.BoolVar(&b.log, "log", false, "print what ascp says of its rate control to standard error")
	flag.Int64Var(&b.shrink, "shrink", 1,
		"divide the size of every file by this, for a quick look; the bars do not hold then")
	flag.StringVar(&names, "scenarios", "", "only those whose name matches this regular expression")
	flag.StringVar(&b.group, "group", "",
		"only those of this group: usual, hard (shallow buffers, policers, long paths) or short (files of a few round trips)")
	flag.StringVar(&selected, "flows", "", "only those whose name matches this regular expression")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err, err2 error
	b.names, err = regexp.Compile(names)
	b.flows, err2 = regexp.Compile(selected)
	if b.runs < 1 || b.shrink < 1 {
		err = errors.New("runs and shrink are numbers from 1 on")
	}
	if b.group != "" && !slices.Contains(groups, b.group) {
		err = fmt.Errorf("group %q is none of %s", b.group, strings.Join(groups, ", "))
	}
	if err = errors.Join(err, err2); err == nil {
		err = b.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "wan:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context) error {
	if b.list {
		for _, s := range b.selected() {
			fmt.Printf("%-18s %s, %d MB\n", s.name, s.settings, s.bytes/1e6)
		}
		return nil
	}
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
		fmt.Fprintln(os.Stderr, "wan: no plot:", err)
		plot = ""
	}
	if b.book, err = report.NewBook(b.out, "wan", plot, b.again); err != nil {
		return err
	}
	if b.folder, err = testbed.Folder(); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	for _, s := range b.selected() {
		if err := b.measure(ctx, s); err != nil {
			return errors.Join(err, b.close())
		}
	}
	return b.close()
}

func (b *bench) close() error {
	return b.book.Close(os.Stdout, report.Plot{Height: "share", Title: "Goodput over emulated links, median",
		Label: "share of the link"}, remarks)
}

func (b *bench) selected() []*scenario {
	var out []*scenario
	for _, s := range scenarios() {
		if b.names.MatchString(s.name) && (b.group == "" || b.group == s.group) && (s.quick || !b.quick) {
			s.bytes /= b.shrink
			out = append(out, s)
		}
	}
	return out
}

// prepare makes the file to send, unless it is there already.
func (b *bench) prepare(bytes int64) error {
	if b.sourceBytes == bytes {
		return nil
	}
	b.source = filepath.Join(b.folder, "source", "file")
	if err := os.RemoveAll(filepath.Dir(b.source)); err != nil {
		return err
	}
	b.sourceBytes = bytes
	return testbed.Fill(b.source, bytes)
}
