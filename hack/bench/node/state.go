package main

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
)

// state is what the node holds: a "state" event, printed at SIGUSR1. Stacks are those of all
// goroutines, equal ones together.
type state struct {
	Event       string `json:"event"`
	Goroutines  int    `json:"goroutines"`
	Descriptors int    `json:"descriptors"`
	Stacks      string `json:"stacks"`
}

// tellState prints the state whenever asked is told.
func tellState(ctx context.Context, asked <-chan os.Signal, out *lines) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
		}
		runtime.GC() // What only awaits its finalizer is no leak.
		s := state{Event: "state", Goroutines: runtime.NumGoroutine()}
		if files, err := os.ReadDir("/proc/self/fd"); err == nil {
			s.Descriptors = len(files)
		}
		var stacks strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err == nil {
			s.Stacks = stacks.String()
		}
		out.print(s)
	}
}
