package engine

import (
	"os"
	"runtime"
)

// spareProcs is how many threads of a session are in system calls most of the time: one paces, one writes or reads.
const spareProcs = 2

// SpareProcs is for programs that do little but transfer: it lets the runtime run two threads more than there are
// processors, unless the environment sets GOMAXPROCS. Otherwise, on a machine of few, the runtime takes their turn from
// threads that are in system calls, wakes others for it, and they have to wait for a turn when they come back. The
// number does not follow later changes of a container's limit.
func SpareProcs() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + spareProcs)
	}
}
