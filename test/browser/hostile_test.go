package browser_test

import (
	"os"
	"strings"
	"testing"
)

// unisolated are the places where a text that people wrote could change what stands around it: in an element that is
// not set apart, or in a label without the characters that do so there.
func (b *tab) unisolated(part string) []string {
	b.t.Helper()
	return value[[]string](b, `(() => {
		const part = `+quote(part)+`, found = [];
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		const apart = text => text.replace(/\u2068[^\u2069]*\u2069/g, '');
		for (let n = walker.nextNode(); n; n = walker.nextNode()) {
			if (!apart(n.textContent).includes(part) || n.parentElement.closest('script, style')) continue;
			const {unicodeBidi} = getComputedStyle(n.parentElement);
			if (n.parentElement.closest('bdi') || ['isolate', 'isolate-override', 'plaintext'].includes(unicodeBidi)) continue;
			found.push(n.parentElement.outerHTML.slice(0, 200));
		}
		for (const e of document.querySelectorAll('[aria-label], [title]')) {
			for (const name of ['aria-label', 'title']) {
				if (apart(e.getAttribute(name) ?? '').includes(part)) found.push(name + ' of ' + e.outerHTML.slice(0, 200));
			}
		}
		return found;
	})()`)
}

// page-96: names that are meant to deceive are set apart wherever they are shown, are the same everywhere, and cannot
// deceive in a download.
var _ = journey("hostile names", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	b := w.open(t)
	b.logIn(bob, "/packages/received")
	d := b.saves()
	names := []string{hostile, strings.Repeat("😀", 45), "a\u200bb\u202ecod.exe\u2066 & <img src=x onerror=alert(1)>.txt"}
	for i, name := range names {
		title := name
		if i == 1 {
			title = strings.Repeat("😀", 255)
		}
		file := strings.ReplaceAll(name, "/", "") + "~.txt"
		p := w.sharing(t, alice, bob, title, map[string]string{file: "1", "other.txt": "2"})
		part := title[:6]
		same := func(where, css string) {
			t.Helper()
			b.until("see the title "+where,
				`[...document.querySelectorAll(`+quote(css)+`)].some(e => e.textContent === `+quote(title)+`)`)
			for _, what := range b.unisolated(part) {
				t.Errorf("%s %q is not set apart: %s", where, title, what)
			}
			b.until(where+" has no overflow", `document.documentElement.scrollWidth <= innerWidth`)
		}
		b.goTo("/packages/received")
		same("in the list", ".data-list tbody bdi")
		b.goTo("/packages/received/" + p.ID)
		same("in the page", "h1 bdi")
		b.until("see the file",
			`[...document.querySelectorAll('.file-tree bdi')].some(e => e.textContent === `+quote(file)+`)`)
		if tab := value[string](b, `document.title`); strings.ContainsAny(tab, "\u202b\u202e\u2066\u2067\u2068\u2069") ||
			!strings.HasSuffix(tab, " – Faspex") {
			t.Errorf("the tab's title is %q", tab)
		}
		b.press("Remove from my list")
		if text := b.dialog(); !strings.Contains(text, "\u2068"+title+"\u2069") {
			t.Errorf("the dialog says %q", text)
		}
		for _, what := range b.unisolated(part) {
			t.Errorf("in the dialog %q is not set apart: %s", title, what)
		}
		b.press("Cancel")
		b.noDialog()
		b.pick(file)
		b.press("Download 1 selected")
		saved := d.finished(b, i+1)[i]
		if strings.ContainsAny(saved, "<>\u202e\u2066") || !strings.HasSuffix(saved, "~.txt") {
			t.Errorf("%q is saved as %q", file, saved)
		}
		if _, err := os.Stat(d.path(saved)); err != nil {
			t.Error(err)
		}
	}
	if value[bool](b, `Boolean(document.querySelector('main img, main b'))`) {
		t.Error("markup of a name became markup of the page")
	}
	b.clean()
})
