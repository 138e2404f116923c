package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/engine/udplink"
)

// udpMetrics tells Prometheus how the datagrams of all sessions travel.
type udpMetrics struct{ data *udplink.Endpoint }

// udpMetric is one value of the endpoint.
type udpMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(udplink.Totals) float64
}

var udpMetricList = []udpMetric{
	gauge("hsts_udp_sessions", "Sessions announced or running on the UDP port.",
		func(t udplink.Totals) int { return t.Sessions }),
	gauge("hsts_udp_sessions_gso", "Sessions whose trains leave in one piece (UDP_SEGMENT).",
		func(t udplink.Totals) int { return t.GSO }),
	gauge("hsts_udp_sessions_gro", "Sessions whose trains may arrive in one piece (UDP_GRO).",
		func(t udplink.Totals) int { return t.GRO }),
	counter("hsts_udp_stray_datagrams_total", "Datagrams that belong to no session.",
		func(t udplink.Totals) uint64 { return t.Stray }),
	counter("hsts_udp_gso_fallbacks_total",
		"Sessions whose trains the kernel refused or nobody received, so that they leave singly.",
		func(t udplink.Totals) uint64 { return t.GSOFallbacks }),
	counter("hsts_udp_merge_faults_total",
		"Sessions whose datagrams the kernel merged wrongly, so that they arrive singly.",
		func(t udplink.Totals) uint64 { return t.MergeFaults }),
	counter("hsts_udp_receive_drops_total", "Datagrams of sessions that no buffer had room for.",
		func(t udplink.Totals) uint64 { return t.ReceiveDrops }),
	counter("hsts_udp_forged_total", "Handshake packets that did not authenticate.",
		func(t udplink.Totals) uint64 { return t.AuthFailures }),
	counter("hsts_udp_rebinds_total", "Times that a client proved a new address.",
		func(t udplink.Totals) uint64 { return t.Rebinds }),
	counter("hsts_udp_withheld_total",
		"Times that something was not sent because the client had not shown lately to be at its address.",
		func(t udplink.Totals) uint64 { return t.Withheld }),
}

func gauge(name, help string, value func(udplink.Totals) int) udpMetric {
	return metric(prometheus.GaugeValue, name, help, value)
}

func counter(name, help string, value func(udplink.Totals) uint64) udpMetric {
	return metric(prometheus.CounterValue, name, help, value)
}

func metric[T int | uint64](
	kind prometheus.ValueType, name, help string, value func(udplink.Totals) T,
) udpMetric {
	return udpMetric{
		desc: prometheus.NewDesc(name, help, nil, nil), kind: kind,
		value: func(t udplink.Totals) float64 { return float64(value(t)) },
	}
}

// Describe implements prometheus.Collector.
func (udpMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range udpMetricList {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (u udpMetrics) Collect(ch chan<- prometheus.Metric) {
	totals := u.data.Totals()
	for _, m := range udpMetricList {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(totals))
	}
}
