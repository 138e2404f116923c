package process

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTimeout is below the usual timeout of a probe, so that the answer tells the reason instead of being cut off.
const checkTimeout = 900 * time.Millisecond

// Check reports why a process is not ready; nil when it is. It must not put secrets into the error.
type Check func(context.Context) error

// NewRegistry makes a registry with the measures of the Go runtime and of the process.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// HandleProbes adds /health (200 or 503 by the named checks), /livez and /metrics.
func HandleProbes(mux *http.ServeMux, registry *prometheus.Registry, checks map[string]Check) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
		defer cancel()
		answer, status := health(ctx, checks)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // a failed write means the prober has gone
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
}

// partHealth is how one part of a process fares.
type partHealth struct {
	Connected bool   `json:"connected"`
	Message   string `json:"message,omitempty"`
}

func health(ctx context.Context, checks map[string]Check) (map[string]partHealth, int) {
	answer, status := make(map[string]partHealth, len(checks)), http.StatusOK
	for name, check := range checks {
		part := partHealth{Connected: true}
		if err := check(ctx); err != nil {
			part = partHealth{Message: err.Error()}
			status = http.StatusServiceUnavailable
		}
		answer[name] = part
	}
	return answer, status
}
