package main

import (
	"testing"
	"time"

	"faspex.io/operator/dataplane/transferspec"
)

// A number is seconds, as published: node-8.
func TestRetryTimeoutTakesSeconds(t *testing.T) {
	set := duration(func(d *draft, _ *transferspec.Spec) (*time.Duration, time.Duration) { return &d.retryTimeout, 0 })
	for text, want := range map[string]time.Duration{
		"60": time.Minute, "2m": 2 * time.Minute, "1.5": 1500 * time.Millisecond, "90s": 90 * time.Second,
	} {
		d := draft{request: &request{}}
		if err := set.flag(&d, "--retry-timeout", []string{text}); err != nil || d.retryTimeout != want {
			t.Errorf("%s: %v, %v; want %v", text, d.retryTimeout, err, want)
		}
	}
	for _, text := range []string{"x", "", "-1", "1x"} {
		d := draft{request: &request{}}
		if err := set.flag(&d, "--retry-timeout", []string{text}); err == nil {
			t.Errorf("%q is taken for %v", text, d.retryTimeout)
		}
	}
}
