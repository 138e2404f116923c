package gateway

import "testing"

func TestParseRange(t *testing.T) {
	const size = 10
	for text, want := range map[string]span{
		"bytes=0-0": {0, 1}, "bytes=3-": {3, 10}, "bytes=3-5": {3, 6}, "bytes=3-10": {3, 10}, "bytes=-4": {6, 10},
		"bytes=-400": {0, 10}, "bytes=0-9223372036854775807": {0, 10},
	} {
		if got, ok, err := parseRange(text, size); got != want || !ok || err != nil {
			t.Errorf("%s: %v, %v, %v; want %v", text, got, ok, err, want)
		}
	}
	for _, text := range []string{"bytes=10-", "bytes=10-11", "bytes=-0"} {
		if _, ok, err := parseRange(text, size); ok || err == nil {
			t.Errorf("%s is in a content of %d bytes", text, size)
		}
	}
	for _, text := range []string{"", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,3-4", "bytes=x-", "lines=1-2",
		"bytes=0-9223372036854775808"} {
		if got, ok, err := parseRange(text, size); ok || err != nil {
			t.Errorf("%q is heeded: %v, %v", text, got, err)
		}
	}
}
