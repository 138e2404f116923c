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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "faspex:", err)
		os.Exit(1)
	}
}
