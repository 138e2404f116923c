package robust

import (
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/hack/bench/testbed"
)

// lostAtMost is how many bytes of payload an untimely end may cost: chunks that are not
// whole yet, and what is under way.
const lostAtMost = 4 * chunk

// errand is to bring files from one folder to another with a node that serves the folder of both.
type errand struct {
	dir, from, to string
	files         tree
	upload        bool
	node          *node
}

// newErrand makes the files and starts the node, at a place where clients reach it as host.
func newErrand(t *testing.T, files tree, upload bool, at testbed.Place, host string) *errand {
	t.Helper()
	dir := folder(t)
	e := &errand{dir: dir, from: filepath.Join(dir, "from"), to: filepath.Join(dir, "to"), files: files, upload: upload}
	files.write(t, e.from)
	e.node = startNode(t, at, host, dir)
	return e
}

// run starts an ascp for it.
func (e *errand) run(t *testing.T, a ask) *client {
	t.Helper()
	if e.upload {
		return e.node.send(t, a, e.from, "/to")
	}
	return e.node.receive(t, a, "/from", e.to)
}

// resumes runs ascp again after one that ended early, as o tells, and checks that it sends only what was missing.
func (e *errand) resumes(t *testing.T, a ask, o outcome) {
	t.Helper()
	if !strings.Contains(o.text, "run again to resume") {
		t.Errorf("ascp says %q", o.text)
	}
	e.files.right(t, e.to)
	again := e.run(t, a).succeeds(t)
	if most := e.files.size() - o.moved + lostAtMost; again.moved > most {
		t.Errorf("%d bytes were moved, then %d of %d: at most %d are allowed", o.moved, again.moved, e.files.size(), most)
	}
}

// bothWays runs a test for uploads and for downloads.
func bothWays(t *testing.T, test func(t *testing.T, upload bool)) {
	t.Helper()
	for _, upload := range []bool{true, false} {
		t.Run(direction(upload), func(t *testing.T) {
			t.Parallel()
			test(t, upload)
		})
	}
}

func direction(upload bool) string {
	if upload {
		return "upload"
	}
	return "download"
}
