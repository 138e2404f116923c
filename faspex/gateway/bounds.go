package gateway

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Limits bound what clients can have the gateway do.
type Limits struct {
	// Sessions is how many sessions with nodes there are at a time, PerClient how many requests and upload sessions
	// of one address.
	Sessions, PerClient int
	// Memory is how many bytes of uploads are kept in all, and MemoryEach of one.
	Memory, MemoryEach int64
	// FirstMessage is how long a WebSocket may say nothing before its transfer spec.
	FirstMessage time.Duration
}

// DefaultLimits fit a container of 200 MiB.
func DefaultLimits() Limits {
	return Limits{Sessions: 500, PerClient: 64, Memory: 48 << 20, MemoryEach: 8 << 20, FirstMessage: 30 * time.Second}
}

// bounds counts what the limits are about, and measures it.
type bounds struct {
	limits Limits

	mu       sync.Mutex
	sessions int
	clients  map[netip.Addr]int

	running  *prometheus.GaugeVec
	ended    *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	refusals *prometheus.CounterVec
}

func newBounds(l Limits, registry prometheus.Registerer, memory func() float64) *bounds {
	b := &bounds{limits: l, clients: map[netip.Addr]int{}}
	b.running = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "faspex_gateway_sessions", Help: "Sessions with nodes that run, by kind (upload, download).",
	}, []string{"kind"})
	b.ended = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "faspex_gateway_sessions_ended_total",
		Help: "Sessions with nodes that ended, by kind and outcome (completed, failed).",
	}, []string{"kind", "outcome"})
	b.bytes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "faspex_gateway_bytes_total",
		Help: "Bytes of files that crossed the gateway, by direction (in: to nodes, out: to clients).",
	}, []string{"direction"})
	b.refusals = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "faspex_gateway_refused_total",
		Help: "Requests that a bound refused, by bound (sessions, client, first_message).",
	}, []string{"bound"})
	registry.MustRegister(b.running, b.ended, b.bytes, b.refusals, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "faspex_gateway_memory_bytes", Help: "Bytes of uploads that no node has acknowledged yet.",
	}, memory))
	for _, kind := range []string{"upload", "download"} {
		b.running.WithLabelValues(kind)
		b.ended.WithLabelValues(kind, "completed")
		b.ended.WithLabelValues(kind, "failed")
	}
	for _, direction := range []string{"in", "out"} {
		b.bytes.WithLabelValues(direction)
	}
	for _, bound := range []string{"sessions", "client", "first_message"} {
		b.refusals.WithLabelValues(bound)
	}
	return b
}

// enter counts a session with a node until leave is told how it ended.
func (b *bounds) enter(kind string) (leave func(error), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sessions >= b.limits.Sessions {
		b.refusals.WithLabelValues("sessions").Inc()
		return nil, &Problem{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 10,
			Message: "The gateway has as many transfers as it takes. Try again in a while.",
			Err:     errors.New("limit of sessions reached")}
	}
	b.sessions++
	b.running.WithLabelValues(kind).Inc()
	return func(err error) {
		b.mu.Lock()
		b.sessions--
		b.mu.Unlock()
		b.running.WithLabelValues(kind).Dec()
		outcome := "completed"
		if err != nil {
			outcome = "failed"
		}
		b.ended.WithLabelValues(kind, outcome).Inc()
	}, nil
}

// admit counts something of a client until leave is called.
func (b *bounds) admit(client netip.Addr) (leave func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients[client] >= b.limits.PerClient {
		b.refusals.WithLabelValues("client").Inc()
		return nil, &Problem{Status: http.StatusTooManyRequests, Code: "too_many_requests", RetryAfter: 5,
			Message: "Too many transfers of one address are under way. Try again in a while."}
	}
	b.clients[client]++
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.clients[client]--; b.clients[client] == 0 {
			delete(b.clients, client)
		}
	}), nil
}
