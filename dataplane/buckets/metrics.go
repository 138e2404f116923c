package buckets

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/store"
)

var (
	openUploads = prometheus.NewDesc("hsts_object_uploads_open",
		"Uploads into object storages that are not complete, of all nodes.", nil, nil)
	openBytes = prometheus.NewDesc("hsts_object_uploads_open_bytes",
		"Bytes of such uploads that object storages have already.", nil, nil)
	memoryUsed = prometheus.NewDesc("hsts_object_memory_bytes",
		"Memory that uploads of this node into object storages are gathered in.", nil, nil)
	inTrouble = prometheus.NewDesc("hsts_object_storages_in_trouble",
		"Object storages whose last request from this node failed.", nil, nil)
)

var _ prometheus.Collector = (*Buckets)(nil)

// Describe implements prometheus.Collector.
func (b *Buckets) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{openUploads, openBytes, memoryUsed, inTrouble} {
		ch <- d
	}
}

// countLimit is how long a scrape waits for the database.
const countLimit = 2 * time.Second

// Collect implements prometheus.Collector. What the database does not tell now is left out.
func (b *Buckets) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value int64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value))
	}
	used, _ := b.Memory.Usage()
	gauge(memoryUsed, used)
	gauge(inTrouble, int64(len(b.Troubles())))
	ctx, cancel := context.WithTimeout(context.Background(), countLimit)
	defer cancel()
	count, bytes, err := store.Uploads{Store: b.Store}.Open(ctx)
	if err != nil {
		return
	}
	gauge(openUploads, count)
	gauge(openBytes, bytes)
}

// Troubles are what is wrong with storages whose last request from this node failed.
func (b *Buckets) Troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, o := range b.open {
		if text := o.bucket.Trouble(); text != "" {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}
