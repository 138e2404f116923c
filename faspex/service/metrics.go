package service

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/faspex/packages"
)

type metrics struct {
	runs  *prometheus.HistogramVec
	moves *prometheus.CounterVec
	nodes *prometheus.GaugeVec
	// disbelieved counts what was ignored, not how many transfers: a transfer that goes on is told again.
	disbelieved *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		runs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "faspex_job_run_duration_seconds", Help: "Duration of the runs of background jobs, by method and outcome.",
			Buckets: []float64{.005, .05, .5, 5, 50},
		}, []string{"method", "outcome"}),
		moves: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faspex_package_moves_total", Help: "Steps of packages from state to state, by the state they came to.",
		}, []string{"to"}),
		nodes: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "faspex_node_up", Help: "Whether this replica reached a node when it asked last.",
		}, []string{"node"}),
		disbelieved: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faspex_transfer_reports_ignored_total",
			Help: "Reports of nodes about transfers that name a package but were not issued for it, by node and reason.",
		}, []string{"node", "reason"}),
	}
	if registry != nil {
		registry.MustRegister(m.runs, m.moves, m.nodes, m.disbelieved)
	}
	return m
}

func (m metrics) observe(method string, err error, took time.Duration) {
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.runs.WithLabelValues(method, outcome).Observe(took.Seconds())
}

func (m metrics) moved(to packages.State) { m.moves.WithLabelValues(string(to)).Inc() }

func (m metrics) reached(node string, ok bool) {
	up := 0.0
	if ok {
		up = 1
	}
	m.nodes.WithLabelValues(node).Set(up)
}
