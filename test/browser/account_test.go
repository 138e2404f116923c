package browser_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/chromedp/chromedp"
)

// page-69: the password is changed with the old one and rules that are told beforehand; here the person
// stays signed in, elsewhere not.
var _ = journey("password", func(t *testing.T, w *world) {
	bob := w.person(t, "Bob", "Recipient")
	b, elsewhere := w.open(t), w.open(t)
	b.logIn(bob, "/account/password")
	elsewhere.logIn(bob, "/packages/sent")
	b.sees("at least 6 and at most 256 characters", "a digit", "a symbol")
	b.enter("#current_password", "wrong")
	b.enter("#new_password", "short")
	b.enter("#confirm_password", "short")
	b.press("Change password")
	b.sees("The password does not keep the rules yet.")
	b.until("have the focus on the first wrong field", `document.activeElement.id === 'new_password'`) // page-91
	b.checkPage("a form with errors")
	b.replace("#new_password", "Another-Word-2")
	b.replace("#confirm_password", "Another-Word-2")
	b.press("Change password")
	b.sees("The current password is wrong.")
	b.replace("#current_password", bob.password)
	b.press("Change password")
	b.sees("Your password was changed.")
	b.press("Profile")
	b.heading("Profile")
	b.sees(bob.login)
	elsewhere.press("Received")
	elsewhere.sees("Your session has ended")
	elsewhere.press("Sign in")
	elsewhere.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	b.clean("400", "401", "422")
})

// page-70: the language of the account is shown at once, and in every later login.
var _ = journey("language", func(t *testing.T, w *world) {
	bob := w.person(t, "Bob", "Recipient")
	b := w.open(t)
	b.logIn(bob, "/account/preferences")
	b.heading("Preferences")
	value[any](b, `window.__same = true`)
	value[any](b,
		`{const e = document.querySelector('#locale'); Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(e, 'de'); e.dispatchEvent(new Event('change', {bubbles: true}))}`)
	b.press("Save")
	b.heading("Einstellungen")
	b.until("be the same document, in German",
		`window.__same && document.documentElement.lang === 'de' && document.documentElement.dir === 'ltr'`)
	b.checkPage("German")
	later := w.open(t)
	later.logIn(bob, "/packages/received")
	later.heading("Empfangen")
	later.clean()
	b.clean()
})

// page-71: a public key is checked, stored, shown by its fingerprint, and removed.
var _ = journey("key", func(t *testing.T, w *world) {
	bob := w.person(t, "Bob", "Recipient")
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	b := w.open(t)
	b.logIn(bob, "/account/key")
	b.sees("You have stored no key.")
	b.enter("#public_key", "ssh-ed25519 AAAA")
	b.enter("#current_password", bob.password)
	b.press("Store key")
	b.sees("This is not a public key in PEM form.")
	b.until("empty the field",
		`(() => { const e = document.querySelector('#public_key'); Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(e, ''); e.dispatchEvent(new Event('input', {bubbles: true})); return true })()`)
	b.enter("#public_key", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	b.press("Store key")
	b.sees("Your key was stored.", "Fingerprint (SHA-256)")
	b.until("see the fingerprint",
		`/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/.test(document.querySelector('.key-print').innerText)`)
	b.checkPage("a stored key")
	b.press("Remove key")
	b.dialog()
	b.enter("#remove-key-password", bob.password)
	value[any](b,
		`[...document.querySelectorAll('.cds--modal.is-visible button')].find(e => e.innerText.trim() === 'Remove key').click()`)
	b.sees("Your key was removed.", "You have stored no key.")
	b.clean()
})

// faspex-AE1: the colours follow the system, can be switched, and the next session has the system's again. faspex-AE8: who
// holds Alt while opening the account's menu finds the information about the application in it.
var _ = journey("colours and information", func(t *testing.T, w *world) {
	bob := w.person(t, "Bob", "Recipient")
	b := w.open(t)
	b.media("", map[string]string{"prefers-color-scheme": "light"})
	b.logIn(bob, "/packages/received")
	b.heading("Received")
	mode := func(when, want string) {
		t.Helper()
		b.until("be "+want+" "+when, `document.documentElement.classList.contains('`+map[string]string{"light": "cds--white",
			"dark": "cds--g100"}[want]+`')`)
	}
	menu := func(alt string) {
		t.Helper()
		value[any](b, `document.querySelector('.account-button').dispatchEvent(new MouseEvent('click', {bubbles: true, altKey: `+alt+`}))`)
		b.until("open the menu", `document.querySelector('#account-menu') !== null`)
	}
	mode("at first", "light")
	b.media("", map[string]string{"prefers-color-scheme": "dark"})
	mode("with the system", "dark")
	b.media("", map[string]string{"prefers-color-scheme": "light"})
	mode("with the system again", "light")
	menu("false")
	b.misses("Application information")
	b.press("Switch to dark mode")
	mode("by choice", "dark")
	b.checkPage("dark by choice")
	b.goTo("/packages/received")
	b.heading("Received")
	mode("after a reload", "dark")
	menu("true")
	b.press("Application information")
	b.sees("Application information", bob.login, "Mozilla/5.0")
	b.press("Close")
	menu("false")
	b.press("Sign out")
	b.sees("You are signed out")
	b.logIn(bob, "/packages/received")
	b.heading("Received")
	mode("in the next session", "light")
	b.clean()
})
