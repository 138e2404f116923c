package main

import (
	"testing"

	"faspex.io/operator/hack/bench/report"
	"github.com/google/go-cmp/cmp"
)

func TestRemarks(t *testing.T) {
	got := remarks([]report.Row{
		{Scenario: "veth", Flow: "ascp fair", Mbps: 9100}, {Scenario: "veth", Flow: "scp", Mbps: 3640},
		{Scenario: "veth", Flow: "quic-go", Mbps: 2600},
		{Scenario: "small files", Flow: "ascp fair", Mbps: 500}, {Scenario: "small files", Flow: "tar | ssh", Mbps: 250},
		{Scenario: "loopback", Flow: "ascp fair", Note: "failed"},
	})
	want := []string{
		"veth: ascp at 9.1 Gbit/s, at least 9 are asked for: ok",
		"veth: ascp at 2.5 times scp, at least 2.5 times are asked for: ok",
		"veth: ascp at 3.5 times quic-go, at least 4.0 times are asked for: MISSED",
		"small files: ascp at 2.0 times tar \\| ssh, at least 2.0 times are asked for: ok",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
