package process_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"faspex.io/operator/faspex/process"
)

func TestNewLoggerLevels(t *testing.T) {
	for _, level := range []string{"", "debug", "INFO", "warn", "error"} {
		if _, err := process.NewLogger(io.Discard, level); err != nil {
			t.Errorf("level %q: %v", level, err)
		}
	}
	if _, err := process.NewLogger(io.Discard, "loud"); err == nil || !strings.Contains(err.Error(), "loud") {
		t.Errorf("level loud: error %v, want one that names it", err)
	}
}

func TestProbes(t *testing.T) {
	var broken error
	mux := http.NewServeMux()
	process.HandleProbes(mux, process.NewRegistry(), map[string]process.Check{
		"database": func(context.Context) error { return broken },
	})
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	if code, body := get("/health"); code != 200 || body != `{"database":{"connected":true}}` {
		t.Errorf("healthy: %d %s", code, body)
	}
	broken = errors.New("schema version 1, want 2")
	if code, body := get("/health"); code != 503 ||
		body != `{"database":{"connected":false,"message":"schema version 1, want 2"}}` {
		t.Errorf("not healthy: %d %s", code, body)
	}
	if code, _ := get("/livez"); code != 200 {
		t.Errorf("livez: %d", code)
	}
	if code, body := get("/metrics"); code != 200 || !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics: %d", code)
	}
}

func TestRequestsLogsNoQuery(t *testing.T) {
	var out bytes.Buffer
	log, err := process.NewLogger(&out, "info")
	if err != nil {
		t.Fatal(err)
	}
	handler := process.Requests(http.NotFoundHandler(), log, process.NewRegistry())
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/page?code=very-secret", nil))
	if line := out.String(); !strings.Contains(line, `"status":404`) || !strings.Contains(line, `"path":"/page"`) ||
		strings.Contains(line, "very-secret") {
		t.Errorf("log line: %s", line)
	}
	out.Reset()
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/health", nil))
	if out.Len() != 0 {
		t.Errorf("a probe was logged at info level: %s", out.String())
	}
}

func TestServeStopsWithItsContext(t *testing.T) {
	log, err := process.NewLogger(io.Discard, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- process.Serve(ctx, "127.0.0.1:0", http.NotFoundHandler(), log) }()
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("serve: %v", err)
	}
	if err := process.Serve(t.Context(), "256.0.0.1:1", http.NotFoundHandler(), log); err == nil {
		t.Error("an impossible address was accepted")
	}
}
