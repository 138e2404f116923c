package browser_test

import (
	"fmt"
	"testing"
)

// whole says that nothing of a page is still to come.
const whole = `!document.querySelector(
	'main .cds--skeleton, main .cds--skeleton__text, main [role=status][aria-label]')`

// shown has the controls of a page that can be seen, by their names.
const shown = `[...document.querySelectorAll('main a[href], main button, main input, main select, main textarea')]
	.filter(e => e.type !== 'hidden' && !e.hidden && e.checkVisibility({visibilityProperty: true}))
	.map(e => e.ariaLabel || e.innerText.trim() || e.id)`

// lost are texts that are cut off, and controls that lie outside of the window or have no size.
const lost = `(() => {
	const found = [];
	for (const e of document.querySelectorAll('main *, .cds--header *')) {
		if (!e.checkVisibility({visibilityProperty: true})) continue;
		if (e.closest('.visually-hidden, .cds--visually-hidden, svg, input, textarea, select')) continue;
		const style = getComputedStyle(e);
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
		const hides = style.overflowX === 'hidden' || style.overflowY === 'hidden';
		const more = e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1;
		if (own && hides && more && style.textOverflow !== 'ellipsis' && e.clientWidth > 1) {
			found.push('cut off: ' + e.outerHTML.slice(0, 200));
		}
		if (e.matches('a[href], button')) {
			const box = e.getBoundingClientRect();
			if (box.width < 1 || box.left < -1 || box.right > innerWidth + 1) {
				let scrolls = false; // in something that scrolls sideways it can be reached
				for (let p = e.parentElement; p; p = p.parentElement) {
					scrolls ||= ['auto', 'scroll'].includes(getComputedStyle(p).overflowX);
				}
				if (!scrolls && !e.matches('.cds--skip-to-content')) found.push('outside: ' + e.outerHTML.slice(0, 200));
			}
		}
	}
	return found;
})()`

// page-93: at 400 % and 320 px, with the text spacing of WCAG, in forced colours, with reduced motion and in print
// everything is there, and nothing moves that was asked not to.
var _ = journey("adapting", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	p := w.sharing(t, alice, bob, "Adapting", map[string]string{"a.txt": "1", "folder/b.txt": "2"})
	b := w.open(t)
	b.logIn(bob, "/packages/received")
	for path, heading := range map[string]string{
		"/packages/received": "Received", "/packages/received/" + p.ID: "Adapting", "/packages/new": "New package",
		"/account/password": "Password",
	} {
		b.viewport(1280, 900)
		b.media("", nil)
		b.goTo(path)
		b.heading(heading)
		b.until("be whole", whole)
		all := fmt.Sprint(value[[]string](b, shown))
		same := func(how string) {
			t.Helper()
			b.until(path+" has all controls "+how, whole)
			if got := fmt.Sprint(value[[]string](b, shown)); got != all {
				t.Errorf("%s %s has the controls %s, want %s", path, how, got, all)
			}
		}
		nothingLost := func(how string) {
			t.Helper()
			b.until(path+" "+how+" has no overflow", `document.documentElement.scrollWidth <= innerWidth`)
			for _, what := range value[[]string](b, lost) {
				t.Errorf("%s %s: %s", path, how, what)
			}
		}

		// The page's policy lets no style element in; a sheet that is made by a script is none.
		value[any](b, `{const sheet = new CSSStyleSheet(); document.adoptedStyleSheets = [sheet];
			sheet.insertRule('* {line-height: 1.5 !important; letter-spacing: .12em !important}');
			sheet.insertRule('* {word-spacing: .16em !important}');
			sheet.insertRule('p {margin-block-end: 2em !important}')}`)
		same("with text spacing")
		nothingLost("with text spacing")
		value[any](b, `document.adoptedStyleSheets = []`)

		b.media("", map[string]string{"forced-colors": "active", "prefers-color-scheme": "dark"})
		same("in forced colours")
		for _, icon := range value[[]string](b, `[...document.querySelectorAll('button svg, a svg')]
			.filter(e => e.checkVisibility({visibilityProperty: true}))
			.filter(e => getComputedStyle(e).fill === getComputedStyle(e.closest('button, a')).backgroundColor)
			.map(e => e.parentElement.outerHTML.slice(0, 200))`) {
			t.Errorf("%s in forced colours: an icon cannot be seen: %s", path, icon)
		}

		b.media("", map[string]string{"prefers-reduced-motion": "reduce"})
		b.goTo(path)
		b.heading(heading)
		if moving := value[[]string](b, `document.getAnimations()
			.filter(a => a.effect.getComputedTiming().activeDuration > 20)
			.map(a => a.animationName ?? a.transitionProperty)`); len(moving) > 0 {
			t.Errorf("%s moves: %v", path, moving)
		}

		b.media("print", nil)
		if got := value[[]bool](b, `['h1', 'main', '.cds--header', '.cds--side-nav', '.toasts']
			.map(css => Boolean(document.querySelector(css)?.checkVisibility()))`); fmt.Sprint(got) !=
			"[true true false false false]" {
			t.Errorf("%s in print shows title, page, header, menu, messages: %v", path, got)
		}
		b.until("begin at the edge of the paper",
			`getComputedStyle(document.querySelector('.shell')).paddingInlineStart === '0px'`)

		b.media("", nil)
		b.viewport(320, 256)
		nothingLost("at 320 px")
		b.axe(path + " at 320 px")
	}
	b.clean()
})
