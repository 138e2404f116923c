package browser_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// got gives the bytes that came over the network since the last call.
func (b *tab) got() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.received
	b.received = 0
	return n
}

// noteBytes counts what came over the network, headers included.
func (b *tab) noteBytes(e *network.EventLoadingFinished) { b.received += int64(e.EncodedDataLength) }

const (
	loginBudget = 15 << 10
	// shellBudget is for the scripts of the shell: React, the router, the cache, the texts, header and menus.
	shellBudget = 130 << 10
)

var imported = regexp.MustCompile(`(?:from|import)\s*["']\./([^"']+\.js)["']`)

// shellBytes gives the size, gzipped, of the scripts that the application needs before it shows anything.
func shellBytes(t *testing.T, dist string) int {
	t.Helper()
	entries, err := filepath.Glob(filepath.Join(dist, "assets", "App-*.js"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("the application's script: %v, %v", entries, err)
	}
	left, seen, total := []string{filepath.Base(entries[0])}, map[string]bool{}, 0
	for len(left) > 0 {
		name := left[0]
		left = left[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		content, err := os.ReadFile(filepath.Join(dist, "assets", name))
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if _, err := z.Write(content); err != nil {
			t.Fatal(err)
		}
		z.Close()
		total += packed.Len()
		for _, match := range imported.FindAllSubmatch(content, -1) {
			left = append(left, string(match[1]))
		}
	}
	return total
}

// What a visit loads: next to nothing before the login, the shell and one page after it, and of
// the other applications nothing.
var _ = journey("budgets", func(t *testing.T, w *world) {
	b := w.open(t)
	b.goTo("/packages/received")
	b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	if n := value[int](b, `document.scripts.length`); n != 0 {
		t.Errorf("the login page has %d scripts", n)
	}
	if n := b.got(); n > loginBudget {
		t.Errorf("%d bytes came before the login form, want at most %d", n, loginBudget)
	}

	a := w.open(t)
	if n := shellBytes(t, "../../faspex/ui/web/dist"); n > shellBudget {
		t.Errorf("the shell takes %d bytes, want at most %d", n, shellBudget)
	} else {
		t.Logf("the shell takes %d bytes", n)
	}
	a.logIn(w.firstAdmin(), "/nowhere")
	a.heading("There is no such page")
	a.asked("")
	a.goTo("/admin/users")
	a.until("see the users", `document.querySelectorAll('tbody tr').length > 0`)
	for _, url := range a.asked("/assets/") {
		for _, part := range []string{"BoxPage", "PackagePage", "dialogs", "packages-", "SendPage"} {
			if strings.Contains(url, part) {
				t.Errorf("Admin loads %s", url)
			}
		}
	}
	a.clean()
	b.clean()
})

// page-63: a tab that was opened before an update loads the new page, without a word about what is missing.
var _ = journey("update", func(t *testing.T, w *world) {
	bob := w.person(t, "Bob", "Recipient")
	b := w.open(t)
	b.logIn(bob, "/packages/received")
	b.heading("Received")
	value[any](b, `window.__old = true`)
	b.disturb(disturbance{part: "/assets/ProfilePage", status: 404, body: "not found", delay: time.Second})
	b.press("Your account")
	b.press("Account settings")
	b.until("be a new document", `!window.__old`)
	b.undisturbed()
	b.heading("Profile")
	b.at("/account/profile")
})
