package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// watchOptions has the page count offers of people that do not contain the text in the box, at any moment.
const watchOptions = `{
	window.wrongOffers = [];
	const box = document.querySelector('#recipients');
	const look = () => {
		for (const option of document.querySelectorAll('[role=option]')) {
			if (!option.innerText.toLowerCase().includes(box.value.trim().toLowerCase())) wrongOffers.push(box.value + ': ' + option.innerText);
		}
	};
	new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
	box.addEventListener('input', () => queueMicrotask(look));
}`

// slowContacts has each look-up of people take two seconds, the first one longer than those after it.
const slowContacts = `{
	const real = window.fetch;
	let calls = 0;
	window.fetch = async (request, ...rest) => {
		if (String(request.url ?? request).includes('/contacts')) await new Promise(done => setTimeout(done, calls++ === 0 ? 4000 : 2000));
		return real(request, ...rest);
	};
}`

const chips = `[...document.querySelectorAll('.people__chip')].map(e => e.dataset.state + ' ' + e.querySelector('bdi').innerText).join('; ')`

var _ = journey("recipients", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Benedict", "Receiver")
	cleo := w.person(t, "Cleo", "Queen")
	b := w.open(t)
	b.logIn(ada, "/packages/new")
	b.heading("New package")
	value[any](b, watchOptions)
	value[any](b, slowContacts)

	// page-8: neither a key nor a click takes somebody whom the text in the box does not mean.
	b.enter("#recipients", "bene")
	b.sees("Searching")
	b.keys("zzz" + kb.ArrowDown + kb.Enter)
	b.until("mark what nobody is", chips+` === 'unknown benezzz'`)
	b.press("Remove \u2068benezzz\u2069")
	b.until("have the focus in the box", `document.activeElement.id === 'recipients'`) // page-12
	b.keys("Benedict Rec")
	b.until("be offered one", `document.querySelectorAll('[role=option]').length > 0`)
	b.keys(kb.ArrowDown + kb.Enter)
	b.until("take that one", chips+` === 'known Benedict Receiver'`)
	if wrong := value[string](b, `wrongOffers.join('\n')`); wrong != "" {
		t.Errorf("people were offered whom the text does not mean: %s", wrong)
	}

	// page-9: a whole address by Enter, comma or leaving the field.
	for i, leave := range []string{kb.Enter, ",", kb.Tab} {
		p := []person{cleo, w.person(t, "Dora", fmt.Sprint("Explorer", i)),
			w.person(t, "Emil", fmt.Sprint("Detective", i))}[i]
		value[any](b, `document.querySelector('#recipients').focus()`)
		b.keys(strings.ToUpper(p.login[:1]) + p.login[1:] + leave)
		b.until("take "+p.login, chips+`.includes(`+quote("known "+p.name)+`)`)
	}

	// page-10: what is nobody is marked, and the form cannot be sent with it.
	value[any](b, `document.querySelector('#recipients').focus()`)
	b.keys("nobody@example.org")
	b.enter("#title", "Never sent")
	b.until("mark nobody", chips+`.includes('unknown nobody@example.org')`)
	b.sees("not known here")
	b.press("Create it and send the files with ascp")
	b.sees("Remove or correct who is not known here.")
	b.until("have the focus in the box", `document.activeElement.id === 'recipients'`)
	b.at("/packages/new")

	// page-11: fifty at once; those who are not known are listed.
	var pasted []string
	for i := range 46 {
		pasted = append(pasted, fmt.Sprintf("stranger%d@example.org", i))
	}
	for i := range 4 {
		pasted = append(pasted, "Somebody <"+w.person(t, "Fritz", fmt.Sprint("Fifty", i)).login+">")
	}
	text := strings.Join(pasted[:20], ", ") + ";" + strings.Join(pasted[20:40], ";\n") + "\n" +
		strings.Join(pasted[40:], "\r\n")
	value[any](b, `{ const data = new DataTransfer(); data.setData('text', `+quote(strings.ReplaceAll(text, "\r", ""))+`);
		const box = document.querySelector('#recipients'); box.focus();
		box.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})) }`)
	b.until("know four of fifty", `[...document.querySelectorAll('.people__chip')].filter(e => e.dataset.state === 'known' && e.innerText.includes('Fritz Fifty')).length === 4 &&
		[...document.querySelectorAll('.people__chip')].filter(e => e.dataset.state === 'unknown' && e.innerText.includes('stranger')).length === 46`)

	// page-12: the focus goes to the next recipient.
	value[any](b, `document.querySelectorAll('.people__chip button')[1].focus()`)
	next := value[string](b, `document.querySelectorAll('.people__chip button')[2].ariaLabel`)
	b.keys(kb.Enter)
	b.until("have the focus on the next", `document.activeElement.ariaLabel === `+quote(next))
	_ = ben
})
