package browser_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"faspex.io/operator/faspex/api"
)

// anAdmin makes an account of the role admin.
func (w *world) anAdmin(t *testing.T, first, last string) person {
	t.Helper()
	return w.withRole(t, first, last, "admin")
}

func (w *world) withRole(t *testing.T, first, last, role string) person {
	t.Helper()
	p := w.person(t, first, last)
	if _, err := w.in.Admin.UpdateAccount(t.Context(), w.accountOf(t, p.login).ID,
		api.AccountChange{Role: &role}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) accountOf(t *testing.T, login string) api.Account {
	t.Helper()
	a, err := w.in.Admin.AccountByName(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// named is JavaScript that gives the control of a name, in the dialog if one is open: what a screen reader calls it.
// The name of a switch goes on with how it stands, on a line of its own.
func named(name string) string {
	return `[...(document.querySelector('.cds--modal.is-visible') ?? document).querySelectorAll('a, button, input, select, textarea, [role=menuitem], [tabindex="0"]')].find(e => {
		const label = e.ariaLabel ?? (e.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)).map(l => l?.innerText || l?.textContent || '').join(' ').trim();
		const name = label || [...(e.labels ?? [])].map(l => l.innerText).join(' ').trim() || e.innerText?.trim();
		return name?.split(/\n/)[0].trim() === ` + quote(name) + ` && !e.disabled && e.checkVisibility({visibilityProperty: true});
	})`
}

// tabsAtMost is more than there are controls on a page of these tests.
const tabsAtMost = 120

// tabTo moves the focus by the Tab key alone to the control of a name. On its way it fails when the focus is lost to
// the body, or cannot be seen (page-90).
func (b *tab) tabTo(name string) {
	b.t.Helper()
	find := named(name)
	b.until("find "+name, find)
	for range tabsAtMost {
		if value[bool](b, `document.activeElement === `+find) {
			b.seesFocus(name)
			return
		}
		b.keys(kb.Tab)
	}
	b.fail("tab to "+name, "the Tab key does not come there; the focus is on "+
		value[string](b, `document.activeElement.outerHTML.slice(0, 200)`))
}

// seesFocus fails unless the focus comes to something that shows it: what it is on may still be on its way.
func (b *tab) seesFocus(where string) {
	b.t.Helper()
	problem := b.hiddenFocus()
	for deadline := time.Now().Add(10 * time.Second); problem != "" && time.Now().Before(deadline); problem = b.hiddenFocus() {
		time.Sleep(100 * time.Millisecond)
	}
	if problem != "" {
		b.t.Errorf("%s: %s", where, problem)
	}
}

// hiddenFocus says why the focus cannot be seen; empty when it can.
func (b *tab) hiddenFocus() string {
	b.t.Helper()
	return value[string](b, `(() => {
		const e = document.activeElement;
		if (!e || e === document.body) return 'the focus is on the body';
		// A toggle or a checkbox shows the focus on what is drawn for it.
		for (let n = e, up = 0; n && up < 4; n = n.parentElement, up++) {
			for (const part of [n, ...(up < 2 ? n.querySelectorAll('*') : [])]) {
				for (const pseudo of ['', '::before', '::after']) {
					const s = getComputedStyle(part, pseudo);
					if ((s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none') return '';
				}
			}
		}
		return 'nothing shows the focus on ' + e.outerHTML.slice(0, 200);
	})()`)
}

// typeInto goes to a field by the Tab key and types into it.
func (b *tab) typeInto(field, text string) {
	b.t.Helper()
	b.tabTo(field)
	b.keys(text)
}

// paste puts a text where the focus is, as one does with what is too long to be typed.
func (b *tab) paste(text string) {
	b.t.Helper()
	if !value[bool](b, `document.execCommand('insertText', false, `+quote(text)+`)`) {
		b.fail("paste", "nothing takes a text here")
	}
}

// use goes to a control by the Tab key and presses Enter.
func (b *tab) use(name string) {
	b.t.Helper()
	b.tabTo(name)
	b.keys(kb.Enter)
}

// startTop puts the focus at the beginning of the page, as after it was loaded.
func (b *tab) startTop() {
	b.t.Helper()
	value[any](b,
		`{document.activeElement?.blur(); getSelection().removeAllRanges(); document.getElementById('main-content').focus()}`)
}

// toast waits for a message, which is read out.
func (b *tab) toast(text string) {
	b.t.Helper()
	b.until("be told "+
		text,
		fmt.Sprintf(`[...document.querySelectorAll('.toasts [role=status], .toasts [role=alertdialog]')].some(e => e.innerText.includes(%s))`, quote(text)))
}
