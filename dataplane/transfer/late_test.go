package transfer

import (
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// What has come when a session ends is written then, and need not be sent again.
func TestWhatHasComeCounts(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir(), cutAfter: 2 << 20, late: 5 << 20,
		options: control.Options{Resume: manifest.ResumeAttrs}}
	write(t, filepath.Join(x.from, "f"), noise(1, 12<<20))
	if sent, got := x.do(t); sent == nil || got == nil {
		t.Fatalf("cut: sender %v, receiver %v", sent, got)
	}
	x.cutAfter, x.late = 0, 0
	x.mustDo(t)
	if x.link.moved != 5<<20 {
		t.Errorf("%d bytes were sent again, want 5 MiB", x.link.moved)
	}
}
