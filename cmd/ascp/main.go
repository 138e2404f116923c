// Command ascp sends files to a transfer node and receives files from it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/fail"
)

func main() {
	engine.SpareProcs()
	os.Exit(run(os.Args[1:], os.Getenv))
}

// run is the program; it returns the exit status.
func run(args []string, env func(string) string) int {
	// Whoever reads what is said may go away, as head does. A destination that is standard output fails at its write.
	signal.Ignore(syscall.SIGPIPE)
	if asksAbout(args) {
		fmt.Fprint(os.Stderr, about())
		return 1
	}
	r, err := parse(args, env)
	switch {
	case errors.Is(err, errHelp):
		fmt.Print(help())
		return 0
	case errors.Is(err, errVersion):
		fmt.Print(versionText())
		return 0
	case err != nil:
		refuse(args, fail.Of(err, fail.Usage))
		return 1
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	t := newTask(r, cancel)
	go interrupts(t, cancel)
	if err := t.run(ctx); err != nil {
		if e := fail.Of(err, fail.Internal); !r.quiet || r.managementPort == 0 {
			fmt.Fprintf(os.Stderr, "ascp: error %d: %s\n", e.Code, shown(e.Text))
		}
		return 1
	}
	return 0
}

// errInterrupted is the cause of a session that its user ended.
var errInterrupted = &fail.Error{Code: fail.Canceled, Text: "interrupted, run again to resume"}

// interrupts ends the session at the first signal and the program at the second. After the end of the session signals
// mean nothing: a manager sends one when it has seen the last event.
func interrupts(t *task, cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored.
		signal.Notify(signals, syscall.SIGHUP)
	}
	for n := 0; ; n++ {
		<-signals
		switch {
		case t.manager.Ended():
		case n == 0:
			cancel(errInterrupted)
		default:
			os.Exit(1)
		}
	}
}
