package browser_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/api"
)

// transfersOf lists what the node tells of a package.
func (w *world) transfersOf(t *testing.T, p api.Package) []nodeclient.Transfer {
	t.Helper()
	transfers, _, err := w.node.Client(t).Transfers(t.Context(), nodeclient.TransferQuery{Tag: p.PackageUUID, Count: 100})
	if err != nil {
		t.Fatal(err)
	}
	return transfers
}

// page-23: ascp, with the command that the page offers, goes on with an upload that was broken off in the browser, and
// sends only what has not arrived.
var _ = journey("from the browser to ascp", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size, arrived = 48 << 20, 24 << 20
	dir := t.TempDir()
	local := noise(t, filepath.Join(dir, "film.mov"), size)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "To ascp", local, arrived)
	b.control("Cancel \u2068To ascp\u2069")
	b.press("Cancel the upload")
	b.until("have no transfer", `!document.querySelector('.transfer')`)
	w.gate.allow(-1)
	b.eventually("the end of the browser's session", func() bool {
		transfers := w.transfersOf(t, p)
		return len(transfers) == 1 && transfers[0].Status != nodeclient.StatusRunning
	})
	w.service(t, p.ID)
	b.until("find the form of the command", `document.querySelector('#ascp-upload')`)
	b.enter("#ascp-upload", "film.mov")
	b.press("Create upload command")
	b.until("see the command", `document.querySelector('.cds--snippet pre')`)
	command := value[string](b, `document.querySelector('.cds--snippet pre').innerText`)

	programs := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", programs+"/ascp", "../../cmd/ascp").
		CombinedOutput(); err != nil {
		t.Fatalf("build ascp: %v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), "bash", "-c", command)
	run.Dir = dir
	run.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "HOME="+t.TempDir())
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.arrived(t, p, "film.mov", local)
	var sent int64
	b.eventually("the record of ascp's session", func() bool {
		sent = -1
		for _, tr := range w.transfersOf(t, p) {
			for _, session := range tr.Sessions {
				if session.Status == nodeclient.StatusCompleted {
					sent = session.BytesTransferred
				}
			}
		}
		return sent >= 0
	})
	if sent > size-arrived+chunk*streams {
		t.Errorf("ascp sent %d bytes of %d, of which %d had passed before", sent, size, arrived)
	}
	w.service(t, p.ID+" again")
	if got, err := ben.Package(t.Context(), p.ID); err != nil || got.State != "released" {
		t.Errorf("the package is %s: %v", got.State, err)
	}
})

// page-26: each reason why an upload cannot go on has its own sentence, and Retry goes on once it is mended.
var _ = journey("no upload", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), 24<<20)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "Failing", local, 4<<20)
	said := map[string]string{}
	for _, failure := range []struct {
		code   string
		status int
		says   string
	}{
		{"node_full", http.StatusInsufficientStorage, "The storage of the transfer node is full."},
		{"quota", http.StatusForbidden, "There is not enough room left for you."},
		{"token_refused", http.StatusForbidden, "did not accept the permission for this upload"},
		{"token_withdrawn", http.StatusForbidden, "The permission for this upload was withdrawn."},
	} {
		w.gate.fail(func(r *http.Request) (int, string) {
			if r.Method == http.MethodPatch || r.Method == http.MethodPost {
				return failure.status, failure.code
			}
			return 0, ""
		})
		w.gate.allow(-1)
		b.transfer("Failing", "failed")
		b.sees(failure.says)
		said[value[string](b, `document.querySelector('.transfer__problem p').innerText`)] = failure.code
		w.gate.allow(w.gate.bytes() + 1<<20)
		w.gate.fail(nil)
		b.press("Retry")
		b.transfer("Failing", "running")
	}
	if len(said) != 4 {
		t.Errorf("the sentences are not each its own: %v", said)
	}
	b.axe("a transfer that goes on")

	// A package that is deleted meanwhile: the sentence comes when the upload would go on.
	b.control("Pause \u2068Failing\u2069")
	b.transfer("Failing", "paused")
	if err := ada.DeletePackages(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	w.service(t, p.ID)
	w.gate.allow(-1)
	b.control("Resume \u2068Failing\u2069")
	b.transfer("Failing", "failed")
	b.sees("The package was deleted while its files were sent.")
	b.checkPage("a transfer of a package that is gone")
	if text := value[string](b, `document.querySelector('.transfer').innerText`); strings.Contains(text, "undefined") {
		t.Errorf("the transfer says %s", text)
	}
	b.control("Cancel \u2068Failing\u2069")
	b.press("Cancel the upload")
	b.until("have no transfer", `!document.querySelector('.transfer')`)
})
