package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// waitFor asks check until it says nil, for at most limit. It writes what it waits for, and every
// ten seconds why it still does.
func waitFor(ctx context.Context, w io.Writer, what string, limit time.Duration,
	check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	said := start
	for {
		err := check(ctx)
		if err == nil {
			fmt.Fprintf(w, "  %-45s %5.1fs\n", what, time.Since(start).Seconds())
			return nil
		}
		var final *finalError
		if errors.As(err, &final) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("waited %s for: %s: %w", time.Since(start).Round(time.Second), what, err)
		}
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			fmt.Fprintf(w, "  ... waiting for %s: %v\n", what, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// finalError ends a wait: waiting longer can't help.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }
