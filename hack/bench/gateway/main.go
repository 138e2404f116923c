// Command gateway measures the HTTP gateway beside nginx, on this machine, in one run: uploads by curl to an nginx
// with TLS that stores the bytes, and the same bytes by curl through an nginx with TLS and the gateway to a transfer
// node; one and four at once, and a download. Runs alternate; the last lines are medians and ratios.
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
)

func main() {
	programs := flag.String("programs", "bin/bench", "folder of the programs node and faspex")
	folder := flag.String("folder", "/dev/shm", "where what is stored lies")
	size := flag.Int64("size", 512<<20, "bytes of a file")
	runs := flag.Int("runs", 5, "runs of each kind")
	alone := flag.Bool("alone", false, "only one upload, and the memory that it takes: for large ones")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, *programs, *folder, *size, *runs, *alone); err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

// task is something to measure: to nginx and through the gateway.
type task struct {
	name           string
	nginx, gateway func(ctx context.Context) error
	bytes          int64
	bar            float64
}

func measure(ctx context.Context, programs, folder string, size int64, runs int, alone bool) (err error) {
	dir, err := os.MkdirTemp(folder, "bench-gateway")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b, err := newBench(ctx, programs, dir, size)
	if err != nil {
		return err
	}
	defer b.end()
	if alone {
		return b.one(ctx)
	}
	tasks := []task{
		{"upload 1", func(ctx context.Context) error { return b.put(ctx, 1) },
			func(ctx context.Context) error { return b.send(ctx, 1) }, size, 0.8},
		{"upload 4", func(ctx context.Context) error { return b.put(ctx, 4) },
			func(ctx context.Context) error { return b.send(ctx, 4) }, 4 * size, 0.9},
		{"download", b.get, b.receive, size, 0.8},
	}
	for _, t := range tasks {
		var direct, through, ratios []float64
		var nginx, gateway float64 // seconds of processors
		for range runs {
			a, used, err := b.rate(ctx, t.nginx, t.bytes)
			if err != nil {
				return fmt.Errorf("%s, nginx: %w", t.name, err)
			}
			nginx += used
			g, used, err := b.rate(ctx, t.gateway, t.bytes)
			if err != nil {
				return fmt.Errorf("%s, gateway: %w", t.name, err)
			}
			gateway += used
			direct, through, ratios = append(direct, a), append(through, g), append(ratios, g/a)
		}
		gigabytes := float64(t.bytes*int64(runs)) / 1e9
		fmt.Printf("%-9s nginx %6.0f MB/s  gateway %6.0f MB/s  ratio %.2f (bar %.1f); processors, curl and all servers: %.2f and %.2f s a GB\n",
			t.name, median(direct), median(through), median(ratios), t.bar, nginx/gigabytes, gateway/gigabytes)
	}
	if err := b.crowd(ctx); err != nil {
		return err
	}
	peak, err := b.gateway.peak()
	if err != nil {
		return err
	}
	fmt.Printf("gateway: %d MiB of memory at most, with %d uploads at once\n", peak>>20, crowdSize)
	return nil
}

// one sends one file, and prints how fast and with how much memory of the gateway.
func (b *bench) one(ctx context.Context) error {
	rate, _, err := b.rate(ctx, func(ctx context.Context) error { return b.send(ctx, 1) }, b.size)
	if err != nil {
		return err
	}
	peak, err := b.gateway.peak()
	if err != nil {
		return err
	}
	fmt.Printf("gateway: %.1f GB at %.0f MB/s with %d MiB of memory at most (bar 200)\n", float64(b.size)/1e9, rate, peak>>20)
	return nil
}

// rate is how many megabytes a second something moves, and how many seconds of processors it takes.
func (b *bench) rate(ctx context.Context, do func(context.Context) error, bytes int64) (rate, used float64, err error) {
	before, err := b.cpu()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := do(ctx); err != nil {
		return 0, 0, err
	}
	elapsed := time.Since(began)
	after, err := b.cpu()
	return float64(bytes) / 1e6 / elapsed.Seconds(), after - before, err
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func source(dir string) string { return filepath.Join(dir, "source") }
