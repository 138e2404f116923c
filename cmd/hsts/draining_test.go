package main

import (
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/test/mariadbd"
)

// TestDrainedNodeIsNotReady: a node that is told to take no new transfers is taken out of its Service, which gives it
// none, and answers those that it has.
func TestDrainedNodeIsNotReady(t *testing.T) {
	t.Parallel()
	n := newNode(t, "n1", mariadbd.Start(t).Database(t))
	n.env.DrainingFile = filepath.Join(t.TempDir(), "draining")
	n.start(t)
	write(t, n.env.DrainingFile, "2026-01-02T03:04:05Z")
	if answer, ready := n.readiness(t); ready || !strings.Contains(answer, "drained") {
		t.Errorf("ready %v: %s", ready, answer)
	}
	if _, err := n.client(t, "node", nodePassword).Info(t.Context()); err != nil {
		t.Errorf("a drained node answers no more: %v", err)
	}
	write(t, n.env.DrainingFile, "")
	if answer, ready := n.readiness(t); !ready {
		t.Errorf("still not ready: %s", answer)
	}
}
