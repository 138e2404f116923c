package process

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
)

type requestIDKey struct{}

// RequestID is the id that Requests gave the request of a context; empty outside of one. The answer's
// header X-Request-Id has it too.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Requests gives every request to next an id, logs and measures it. Probes are logged at debug level. Queries
// are left out of the log: they may hold authorization codes. Routes are the patterns of a ServeMux, so that ids
// in paths make no new measures.
func Requests(next http.Handler, log *slog.Logger, registry prometheus.Registerer) http.Handler {
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "faspex_http_request_duration_seconds",
		Help:    "Time to answer a request, by route, method and status.",
		Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
	}, []string{"route", "method", "status"})
	registry.MustRegister(duration)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		id := uuid.NewString()
		w.Header().Set("X-Request-Id", id)
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		elapsed := time.Since(begin)
		duration.WithLabelValues(r.Pattern, method(r.Method), strconv.Itoa(recorder.status)).Observe(elapsed.Seconds())
		level := slog.LevelInfo
		if isProbe(r.URL.Path) {
			level = slog.LevelDebug
		}
		log.Log(r.Context(), level, "request", "request", id, "method", r.Method, "path", shown(r), "status", recorder.status,
			"bytes", recorder.bytes, "duration", elapsed, "remote", r.RemoteAddr)
	})
}

// secretValues are the wildcards of patterns whose values permit something to whoever knows them.
var secretValues = []string{"ticket", "session"}

// shown is the path of a request without what is secret in it.
func shown(r *http.Request) string {
	path := r.URL.Path
	for _, name := range secretValues {
		if value := r.PathValue(name); value != "" {
			path = strings.ReplaceAll(path, value, "{"+name+"}")
		}
	}
	return path
}

func isProbe(path string) bool { return path == "/livez" || path == "/health" || path == "/metrics" }

// method keeps the number of label values small whatever clients send.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete:
		return m
	}
	return "other"
}

type statusRecorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) Write(b []byte) (int, error) {
	n, err := s.ResponseWriter.Write(b)
	s.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
