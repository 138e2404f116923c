package apply

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// writes shows a controller that fights with someone over an object: an operator at rest writes nothing.
var writes = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "faspex_operator_writes_total",
	Help: "Writes to the Kubernetes API, by controller, kind of object and whether they changed it.",
}, []string{"controller", "kind", "changed"})

func init() { metrics.Registry.MustRegister(writes) }

// countObject counts one write that changed object.
func (a *Applier) countObject(object client.Object) error {
	gvk, err := apiutil.GVKForObject(object, a.client.Scheme())
	if err != nil {
		return err
	}
	a.count(gvk.Kind, true)
	return nil
}

// count counts one write that the API server took.
func (a *Applier) count(kind string, changed bool) {
	a.requests.Add(1)
	label := "false"
	if changed {
		a.changes.Add(1)
		label = "true"
	}
	writes.WithLabelValues(a.controller, kind, label).Inc()
}
