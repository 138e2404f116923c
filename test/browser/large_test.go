package browser_test

import (
	"path/filepath"
	"testing"
)

// page-14, with a file of 300 MB: what the recipient saves has the SHA-256 of what was sent.
var _ = journey("a large file", func(t *testing.T, w *world) {
	w.gate.reset(t)
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	local := noise(t, filepath.Join(t.TempDir(), "master.mov"), 300_000_000)
	b := w.open(t)
	b.logIn(ada, "/packages/new")
	b.choose("#send-files", local)
	b.fill("A large file", ben)
	b.press("Send")
	p := b.sentPackage(ada, "A large file")
	b.transfer("A large file", "completed")
	w.service(t, p.ID)
	r := w.open(t)
	r.logIn(ben, "/packages/received/"+p.ID)
	d := r.saves()
	r.press("Download")
	d.finished(r, 1)
	if got, want := sumOf(t, d.path("master.mov")), sumOf(t, local); got != want {
		t.Errorf("the recipient has SHA-256 %s, the sender %s", got, want)
	}
	b.clean()
	r.clean()
})
