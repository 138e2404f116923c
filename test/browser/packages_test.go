package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// firstAdmin is the first administrator.
func (w *world) firstAdmin() person {
	return person{Client: w.in.Admin, name: "Admin", login: faspextest.AdminName, password: faspextest.AdminPassword}
}

// dialog is the text of the dialog that is open.
func (b *tab) dialog() string {
	b.t.Helper()
	b.until("see a dialog", `document.querySelector('.cds--modal.is-visible')`)
	return value[string](b, `document.querySelector('.cds--modal.is-visible .cds--modal-container').innerText`)
}

// noDialog waits until no dialog is open.
func (b *tab) noDialog() {
	b.t.Helper()
	b.until("see no dialog", `!document.querySelector('.cds--modal.is-visible')`)
}

// page-1: who sent a package also to oneself takes it off the own list, and the other keeps it.
// page-2: the words of deleting for everyone are the same at every address, and count who loses it.
// page-4: however a dialog is closed, the focus goes back to its button.
var _ = journey("deleting", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	p := w.sent(t, alice, "For both of us", alice, bob)
	w.released(t, alice, p, map[string]string{"a.txt": "1234567"})
	b := w.open(t)
	b.logIn(alice, "/packages/received")
	b.sees("For both of us")

	var texts []string
	for _, path := range []string{"/packages/received/", "/packages/sent/", "/packages/history/", "/received/"} {
		b.goTo(path + p.ID)
		b.heading("For both of us")
		b.press("Delete for everyone")
		text := b.dialog()
		if !strings.Contains(text, "1 other person loses it.") || !strings.Contains(text, "cannot be undone") {
			t.Errorf("%s: the dialog says %q", path, text)
		}
		texts = append(texts, text)
		b.keys(kb.Escape)
		b.noDialog()
		b.until("have the focus back", `document.activeElement.innerText?.trim() === 'Delete for everyone'`)
	}
	for _, text := range texts[1:] {
		if text != texts[0] {
			t.Errorf("the dialogs differ: %q and %q", texts[0], text)
		}
	}
	for _, way := range []string{"Cancel", "Close"} {
		b.press("Remove from my list")
		if text := b.dialog(); !strings.Contains(text, "Everybody else keeps it") {
			t.Errorf("the dialog says %q", text)
		}
		b.axe("a dialog")
		b.press(way)
		b.noDialog()
		b.until("have the focus back after "+way, `document.activeElement.innerText?.trim() === 'Remove from my list'`)
	}
	b.press("Remove from my list")
	b.dialog()
	value[any](b,
		`[...document.querySelectorAll('.cds--modal.is-visible button')].find(e => e.innerText.trim() === 'Remove from my list').click()`)
	b.at("/packages/received")
	b.sees("was removed from your list") // page-7
	b.sees("No packages yet")
	if _, err := bob.DownloadSpec(t.Context(), p.ID, nil); err != nil {
		t.Errorf("the other recipient cannot download any more: %v", err)
	}

	// page-3: an administrator never reads that somebody else's package stays.
	a := w.open(t)
	a.logIn(w.firstAdmin(), "/packages/all")
	a.goTo("/received/" + p.ID)
	a.heading("For both of us")
	a.misses("Remove from my list")
	a.press("Delete for everyone")
	if text := a.dialog(); !strings.Contains(text, "2 other people lose it.") || strings.Contains(text, "stay") {
		t.Errorf("the administrator's dialog says %q", text)
	}
	value[any](a,
		`[...document.querySelectorAll('.cds--modal.is-visible button')].find(e => e.innerText.trim() === 'Delete for everyone').click()`)
	a.sees("is being deleted for everyone")
	a.clean()
	b.clean()
})

// page-5: a package without files says that it waits for them, and offers the next step.
// page-6: a package that is held shows its date, or that there is none, and is released by a button.
var _ = journey("waiting", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	empty := w.sent(t, alice, "Without files", bob)
	b := w.open(t)
	b.logIn(alice, "/packages/sent/"+empty.ID)
	b.sees("This package waits for its files.", "Waiting for files", "Send with ascp")
	b.misses("Starting", "Uploading")
	b.checkPage("a package that waits for files")
	b.enter("#ascp-upload", "my notes.txt")
	b.press("Create upload command")
	b.sees("ascp --mode send", "'my notes.txt'", "starts transfers until") // page-37
	b.press("PowerShell")
	b.sees("$env:ASPERA_SCP_TOKEN = '")
	b.press("Command Prompt")
	b.sees(`set "ASPERA_SCP_TOKEN=`)
	b.checkPage("a command")

	date := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	for title, create := range map[string]api.PackageCreate{
		"On a date": {ReleasePolicy: "on_date", ReleaseDate: &date},
		"Later":     {ReleasePolicy: "later"},
	} {
		create.Title, create.Recipients = title, []api.RecipientName{{Name: bob.login}}
		p, err := alice.CreatePackage(t.Context(), create)
		if err != nil {
			t.Fatal(err)
		}
		w.released(t, alice, p, map[string]string{"a.txt": "1"})
		b.goTo("/packages/pending")
		b.press(title)
		b.heading(title)
		if title == "Later" {
			b.sees("Held for release", "No release date is set.")
		} else {
			b.sees("Scheduled", "Its recipients get it on ")
		}
		b.press("Release now")
		b.sees("was released.")
		w.service(t, p.ID)
		b.until("see that it is released", `document.querySelector('[data-testid=status]').innerText === 'Complete'`)
	}
	b.clean()
})

// page-44, page-45: a folder is part of the address, and shows its own entries, each once.
var _ = journey("files", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	p := w.sent(t, alice, "Many files", bob)
	files := map[string]string{"read me.txt": "1234567", "aaa/only.txt": "1", "aaa/deep/er.txt": "1"}
	for i := range 1200 {
		files["bbb/"+number(i)+".bin"] = "x"
	}
	w.released(t, alice, p, files)
	b := w.open(t)
	b.logIn(bob, "/packages/received/"+p.ID)
	b.press("bbb")
	b.at("/packages/received/" + p.ID + "?folder=%2Fbbb")
	b.until("have the focus on the folder's heading",
		`document.activeElement.tagName === 'H3' && document.activeElement.innerText === 'bbb'`)
	b.sees("0000.bin")
	rows := func() int { return value[int](b, `document.querySelectorAll('[role=row]').length`) }
	if n := rows(); n > 300 { // half of page-46
		t.Errorf("%d rows are in the document", n)
	}
	value[any](b, `scrollTo(0, document.body.scrollHeight * 0.97)`)
	b.until("see the end of the folder",
		`(scrollTo(0, document.querySelector('[role=table]').getBoundingClientRect().bottom + scrollY - innerHeight), document.body.innerText.includes('1199.bin'))`)
	names := value[[]string](b, `[...document.querySelectorAll('.file-tree__rows bdi')].map(e => e.innerText)`)
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] || !strings.HasSuffix(name, ".bin") {
			t.Errorf("%s is shown twice, or is of another folder", name)
		}
		seen[name] = true
	}
	if n := rows(); n > 300 {
		t.Errorf("%d rows are in the document", n)
	}
	b.back()
	b.at("/packages/received/" + p.ID)
	b.sees("read me.txt", "7\u00a0B")

	// An answer that is late does not come into another folder.
	b.delay("/files/", 1500*time.Millisecond)
	b.press("bbb")
	b.at("/packages/received/" + p.ID + "?folder=%2Fbbb")
	b.back()
	b.press("aaa")
	b.sees("only.txt", "deep")
	b.until("wait for every answer",
		`performance.getEntriesByType('resource').at(-1).responseEnd < performance.now() - 3000`)
	if got := value[[]string](b,
		`[...document.querySelectorAll('.file-tree__rows bdi')].map(e => e.innerText)`); len(got) != 2 {
		t.Errorf("the folder shows %v", got)
	}
	b.undisturbed()
	b.press("deep")
	b.sees("er.txt")
	b.press("All files")
	b.at("/packages/received/" + p.ID)
	b.clean()
})

func number(i int) string {
	return string([]byte{'0' + byte(i/1000), '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)})
}
