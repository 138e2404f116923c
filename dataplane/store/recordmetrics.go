package store

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/transferspec"
)

// tally counts sessions that ended in this process.
type tally struct {
	mu       sync.Mutex
	sessions map[tallyKey]float64
	bytes    map[transferspec.Direction]float64
}

type tallyKey struct {
	direction transferspec.Direction
	status    record.Status
}

func (t *tally) ended(direction transferspec.Direction, status record.Status, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sessions == nil {
		t.sessions, t.bytes = map[tallyKey]float64{}, map[transferspec.Direction]float64{}
	}
	t.sessions[tallyKey{direction, status}]++
	t.bytes[direction] += float64(bytes)
}

var (
	activeDesc = prometheus.NewDesc("hsts_sessions_active", "Transfer sessions that run now.", nil, nil)
	unsentDesc = prometheus.NewDesc("hsts_sessions_unrecorded", "Sessions that ended and are not in the database yet.",
		nil, nil)
	endedDesc = prometheus.NewDesc("hsts_sessions_ended_total",
		"Transfer sessions that ended, by direction as clients see it.",
		[]string{"direction", "status"}, nil)
	bytesDesc = prometheus.NewDesc("hsts_transferred_bytes_total", "Payload bytes of sessions that ended.",
		[]string{"direction"}, nil)
)

// Describe implements prometheus.Collector.
func (r *NodeRecorder) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{activeDesc, unsentDesc, endedDesc, bytesDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (r *NodeRecorder) Collect(ch chan<- prometheus.Metric) {
	all, active := len(r.all()), r.Active()
	ch <- prometheus.MustNewConstMetric(activeDesc, prometheus.GaugeValue, float64(active))
	ch <- prometheus.MustNewConstMetric(unsentDesc, prometheus.GaugeValue, float64(max(all-active, 0)))
	r.tally.mu.Lock()
	defer r.tally.mu.Unlock()
	for key, n := range r.tally.sessions {
		ch <- prometheus.MustNewConstMetric(endedDesc, prometheus.CounterValue, n, string(key.direction), string(key.status))
	}
	for direction, n := range r.tally.bytes {
		ch <- prometheus.MustNewConstMetric(bytesDesc, prometheus.CounterValue, n, string(direction))
	}
}
