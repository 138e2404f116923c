package main

import (
	"strings"
	"testing"
)

func TestTotalsChangeWithoutARestart(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.cfg.Rates.TotalSendKbps, n.cfg.Rates.TotalReceiveKbps = 4000, 5000
	n.configure(t)
	eventually(t, "other totals", func() (any, bool) {
		body := get(t, n.metrics+"/metrics")
		return body, strings.Contains(body, `hsts_rate_total_bits_per_second{direction="send"} 4e+06`) &&
			strings.Contains(body, `hsts_rate_total_bits_per_second{direction="receive"} 5e+06`)
	})
}
