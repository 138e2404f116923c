package main

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/engine"
)

// totals are what the sessions of this node share, each way.
type totals struct{ send, receive *engine.RateGroup }

func newTotals(r config.Rates) totals {
	return totals{send: engine.NewRateGroup(r.TotalSendKbps * 1000),
		receive: engine.NewRateGroup(r.TotalReceiveKbps * 1000)}
}

// set changes the totals while sessions run.
func (t totals) set(r config.Rates) {
	t.send.SetTotal(r.TotalSendKbps * 1000)
	t.receive.SetTotal(r.TotalReceiveKbps * 1000)
}

func (t totals) log(log *slog.Logger) {
	log.Info("rate totals", "sendKbps", t.send.Total()/1000, "receiveKbps", t.receive.Total()/1000)
}

// register has the totals and the number of sessions that share them among the metrics.
func (t totals) register(registry prometheus.Registerer) {
	for direction, group := range map[string]*engine.RateGroup{"send": t.send, "receive": t.receive} {
		gauge := func(name, help string, value func() float64) prometheus.Collector {
			return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: name, Help: help, ConstLabels: prometheus.Labels{"direction": direction},
			}, value)
		}
		registry.MustRegister(
			gauge("hsts_rate_total_bits_per_second", "What the sessions of this node share, 0 is no limit.",
				func() float64 { return float64(group.Total()) }),
			gauge("hsts_rate_sessions", "Sessions that move data now.", func() float64 { return float64(group.Flows()) }),
		)
	}
}
