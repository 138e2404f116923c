package nodeapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) metrics {
	m := metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hsts_node_api_requests_total", Help: "Calls of the Node API by route and status.",
		}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hsts_node_api_request_seconds", Help: "Duration of Node API calls by route.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10},
		}, []string{"route"}),
	}
	reg.MustRegister(m.requests, m.seconds)
	return m
}

type noteKey struct{}

// call is what a request leaves behind for the log.
type call struct{ user, accessKey string }

func note(ctx context.Context, c *caller) {
	if n, ok := ctx.Value(noteKey{}).(*call); ok {
		n.user, n.accessKey = c.user, c.keyID()
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observe counts and logs each call once. The log has the route, not the path: a path may hold
// names that are nobody's business.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		n := &call{}
		r = r.WithContext(context.WithValue(r.Context(), noteKey{}, n))
		next.ServeHTTP(sw, r)
		route := r.Pattern
		if route == "" {
			route = "none"
		}
		elapsed := s.Now().Sub(start)
		s.metrics.requests.WithLabelValues(route, strconv.Itoa(sw.status)).Inc()
		s.metrics.seconds.WithLabelValues(route).Observe(elapsed.Seconds())
		if route != "GET /ping" {
			s.Log.Info("node api call", "route", route, "status", sw.status, "user", n.user, "accessKey", n.accessKey,
				"elapsed", elapsed.Round(time.Microsecond).String())
		}
	})
}
