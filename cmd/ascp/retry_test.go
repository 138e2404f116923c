package main

import (
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/transfer/fail"
)

// A number is seconds, as published: node-8.
func TestRetryTimeoutTakesSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"60": time.Minute, "2m": 2 * time.Minute, "1.5": 1500 * time.Millisecond, "90s": 90 * time.Second,
	} {
		r, err := parse([]string{"--retry-timeout=" + text, "a", "h:b"}, noEnv)
		if err != nil || r.retryTimeout != want {
			t.Errorf("%s: %+v, %v; want %v", text, r, err, want)
		}
	}
	for _, text := range []string{"x", "-1", "1x"} {
		_, err := parse([]string{"--retry-timeout=" + text, "a", "h:b"}, noEnv)
		if e := fail.Of(err, fail.Usage); err == nil || e.Code != fail.Usage || !strings.Contains(e.Text, "--retry-timeout") {
			t.Errorf("%q: %v", text, err)
		}
	}
	// What can't be read ends the program with code 8.
	said := stderrOf(t, func() {
		if status := run([]string{"--retry-timeout=x", "a", "h:b"}, noEnv); status != 1 {
			t.Errorf("status %d", status)
		}
	})
	if !strings.Contains(said, "error 8: --retry-timeout takes a time") {
		t.Errorf("said %q", said)
	}
}
