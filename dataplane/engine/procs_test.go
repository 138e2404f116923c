package engine

import (
	"runtime"
	"testing"
)

// TestSpareProcs counts the threads that the runtime may run, with and without a number that the user has set.
func TestSpareProcs(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	t.Setenv("GOMAXPROCS", "1")
	if SpareProcs(); runtime.GOMAXPROCS(0) != before {
		t.Errorf("%d threads, where the user has set their number; want %d as before", runtime.GOMAXPROCS(0), before)
	}
	t.Setenv("GOMAXPROCS", "")
	if SpareProcs(); runtime.GOMAXPROCS(0) != before+spareProcs {
		t.Errorf("%d threads, want %d more than %d", runtime.GOMAXPROCS(0), spareProcs, before)
	}
}
