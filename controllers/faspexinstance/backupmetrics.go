package faspexinstance

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"faspex.io/operator/api/v1alpha1"
)

var (
	// Prometheus has labels called namespace and instance of its own: those of what it asked.
	backupLabels = []string{"faspex_namespace", "faspex_instance"}

	backupSuccess = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "faspex_backup_last_success_timestamp_seconds",
		Help: "Time as of which the last good backup of an instance is; 0 when there is none.",
	}, backupLabels)
	backupSize = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "faspex_backup_last_success_size_bytes",
		Help: "Size of the last good backup of an instance.",
	}, backupLabels)
	backupFailure = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "faspex_backup_last_failure_timestamp_seconds",
		Help: "Time at which a backup of an instance last failed; 0 when none did.",
	}, backupLabels)
	backupPeriod = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "faspex_backup_period_seconds",
		Help: "Time between backups of an instance by its schedule; 0 when they are made on demand.",
	}, backupLabels)
	backupGood = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "faspex_backup_healthy",
		Help: "1 when the last backup of an instance succeeded and is not overdue, else 0.",
	}, backupLabels)

	backupGauges = []*prometheus.GaugeVec{backupSuccess, backupSize, backupFailure, backupPeriod, backupGood}
)

func init() {
	for _, g := range backupGauges {
		metrics.Registry.MustRegister(g)
	}
}

func tellBackupMetrics(i *v1alpha1.FaspexInstance, s v1alpha1.InstanceBackupStatus, period time.Duration, good bool) {
	var success, size, failure, healthy float64
	if s.LastSuccess != nil {
		success, size = float64(s.LastSuccess.Time.Unix()), float64(s.LastSuccess.SizeBytes)
	}
	if s.LastFailure != nil {
		failure = float64(s.LastFailure.Time.Unix())
	}
	if good {
		healthy = 1
	}
	for n, value := range []float64{success, size, failure, period.Seconds(), healthy} {
		backupGauges[n].WithLabelValues(i.Namespace, i.Name).Set(value)
	}
}

func forgetBackupMetrics(namespace, name string) {
	for _, g := range backupGauges {
		g.DeleteLabelValues(namespace, name)
	}
}
