package browser_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Most of page-90 for people who send and receive, who cannot forward yet: login, sending, receiving, deleting and
// another password by the keyboard alone, with a focus that is seen.
var _ = journey("keyboard", func(t *testing.T, w *world) {
	w.gate.reset(t)
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	logIn := func(b *tab, p person) {
		t.Helper()
		b.goTo("/packages/received")
		b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
		b.until("have the focus in the form", `document.activeElement.id === 'username'`)
		b.keys(p.login + kb.Tab + p.password + kb.Enter)
		b.heading("Received")
	}
	b := w.open(t)
	logIn(b, ada)
	b.use("New package")
	b.heading("New package")
	b.seesFocus("the form")
	// The dialog of the browser is not the page's; here it gives a file at once.
	value[any](b, `(async () => {
		const handle = await (await navigator.storage.getDirectory()).getFileHandle('keys.txt', {create: true});
		const file = await handle.createWritable();
		await file.write('by keyboard');
		await file.close();
		window.showOpenFilePicker = async () => [handle];
	})()`)
	b.use("Choose files")
	b.sees("1 file, 11\u00a0B")
	b.typeInto("Recipients", ben.login+",")
	b.until("know the recipient", `document.querySelector('.people__chip[data-state=known]')`)
	b.typeInto("Title", "By keyboard")
	b.use("Send")
	p := b.sentPackage(ada, "By keyboard")
	b.transfer("By keyboard", "completed")
	b.seesFocus("the package")
	b.use("Remove \u2068By keyboard\u2069 from the list")
	b.until("have no panel", `!document.querySelector('.transfer-panel')`)
	b.clean()
	w.service(t, p.ID)

	r := w.open(t)
	logIn(r, ben)
	d := r.saves()
	r.use("By keyboard")
	r.heading("By keyboard")
	r.seesFocus("the package")
	r.use("Download")
	if content, err := os.ReadFile(d.path(d.finished(r, 1)[0])); err != nil || string(content) != "by keyboard" {
		t.Errorf("the recipient has %q: %v", content, err)
	}
	r.use("Remove from my list")
	r.dialog()
	r.use("Remove from my list")
	r.noDialog()
	r.heading("Received")
	r.seesFocus("the list after a package was removed")
	r.startTop()
	r.goTo("/account/password")
	r.typeInto("Current password", ben.password)
	r.typeInto("New password", "Another-Word-2")
	r.typeInto("New password, again", "Another-Word-2")
	r.use("Change password")
	r.toast("Your password was changed.")
	r.seesFocus("the form after it was stored")
	r.clean("401") // the tokens of before are not taken any more
})
