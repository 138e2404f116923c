// Command faspex holds the processes of the control plane as subcommands: core, gateway, service, utility and ui. It
// reads flags and the environment, wires packages and knows nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"faspex.io/operator/faspex/store"
)

// exitRefused is the exit code of what is not to be tried again; the Jobs of migrations know it.
const exitRefused = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "faspex:", err)
		if errors.Is(err, store.ErrRefused) {
			os.Exit(exitRefused)
		}
		os.Exit(1)
	}
}
