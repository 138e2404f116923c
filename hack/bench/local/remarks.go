package main

import (
	"fmt"
	"strings"

	"faspex.io/operator/hack/bench/report"
)

// leastMbps is asked of ascp with one large file.
const leastMbps = 9000

// remarks compares ascp's medians with what is asked for: a rate, and multiples of its peers'.
func remarks(medians []report.Row) []string {
	type key struct{ scenario, flow string }
	mbps := map[key]float64{}
	for _, m := range medians {
		mbps[key{m.Scenario, m.Flow}] = m.Mbps
	}
	var out []string
	for _, m := range medians {
		if m.Flow != "ascp fair" || m.Mbps == 0 {
			continue
		}
		bars := map[string]float64{"scp": 2.5, "quic-go": 4, "4 x gridftp": 1}
		order := []string{"scp", "quic-go", "4 x gridftp"}
		if strings.HasPrefix(m.Scenario, "small") {
			bars = map[string]float64{"rsync": 5, "tar | ssh": 2}
			order = []string{"rsync", "tar | ssh"}
		} else {
			out = append(out, fmt.Sprintf("%s: ascp at %.1f Gbit/s, at least %.0f are asked for: %s", m.Scenario, m.Mbps/1e3,
				leastMbps/1e3, word(m.Mbps >= leastMbps)))
		}
		for _, peer := range order {
			if p := mbps[key{m.Scenario, peer}]; p > 0 {
				out = append(out, fmt.Sprintf("%s: ascp at %.1f times %s, at least %.1f times are asked for: %s",
					m.Scenario, m.Mbps/p, strings.ReplaceAll(peer, "|", "\\|"), bars[peer], word(m.Mbps >= bars[peer]*p)))
			}
		}
	}
	return out
}

func word(ok bool) string {
	if ok {
		return "ok"
	}
	return "MISSED"
}
