package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const readyTimeout = 2 * time.Second

// health knows whether the node can take calls and transfers.
type health struct {
	node      *node
	accepting atomic.Bool
	answering atomic.Bool
}

func newHealth(n *node) *health { return &health{node: n} }

// ready is nil when a client that comes now is served.
func (h *health) ready(ctx context.Context) error {
	if !h.accepting.Load() {
		return errors.New("transfers are not accepted yet")
	}
	if h.node.env.Draining() {
		return errors.New("the machine is drained: no new transfers")
	}
	if !h.answering.Load() {
		return errors.New("the node api does not answer yet: the database schema is not up to date")
	}
	if err := h.node.folders.err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if h.node.store.Ping(ctx) != nil {
		return errors.New("the database does not answer")
	}
	if _, err := h.node.files.Stat("/"); err != nil {
		return errors.New("the storage root can't be read")
	}
	return nil
}

// serveMetrics answers probes and Prometheus in plain HTTP; nothing of it is secret.
func (n *node) serveMetrics(ctx context.Context) error {
	n.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), n.recorder,
		n.objects)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := n.health.ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
		for _, text := range n.objects.Troubles() { // The other storages are served.
			fmt.Fprintln(w, text)
		}
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.registry, promhttp.HandlerOpts{}))
	listener, err := net.Listen("tcp", port(n.cfg.Ports.Metrics))
	if err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second}
	return serveHTTP(ctx, server, func() error { return server.Serve(listener) })
}
