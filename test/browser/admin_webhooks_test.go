package browser_test

import (
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// A webhook is made and its secret shown once; its calls are listed with what was sent, cancelled and made again.
// faspex-AC7 (by the page).
var _ = journey("admin webhooks", func(t *testing.T, w *world) {
	root := w.anAdmin(t, "Ada", "Root")
	ben := w.person(t, "Ben", "Sender")
	b := w.open(t)
	b.logIn(root, "/admin/webhooks")
	b.heading("Package processing")
	b.sees("No webhooks")
	b.checkPage("no webhooks")
	b.press("Create webhook")
	b.heading("Create webhook")
	b.checkPage("a new webhook")
	b.enter("#name", "Workflow")
	b.enter("#url", "https://127.0.0.1:9/hook")
	b.enter("#package_size_min", "much")
	b.press("Create")
	b.sees("package_size_min must be a whole number.")
	b.replace("#package_size_min", "0") // sessions of this world tell no sizes
	b.enter("#sender_name", ben.login)
	b.press("Create")
	b.sees("The secret of the webhook")
	b.checkPage("the secret of a webhook")
	secret := value[string](b, `document.querySelector('.cds--modal.is-visible .cds--snippet').innerText.trim()`)
	if !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("secret %q", secret)
	}
	b.press("I have stored it")
	b.heading("Workflow")
	b.sees("No calls")
	if text := value[string](b, `document.documentElement.outerHTML`); strings.Contains(text, secret) {
		t.Error("the page shows the secret still")
	}
	p, err := ben.CreatePackage(t.Context(), api.PackageCreate{Title: "Raw <b>cut", Recipients: []api.RecipientName{{Name: root.login}}})
	if err != nil {
		t.Fatal(err)
	}
	w.released(t, ben, p, map[string]string{"a.txt": "1"})
	page := value[string](b, `location.pathname`)
	b.goTo(strings.TrimPrefix(page, base))
	b.sees("Raw <b>cut", "Failed")
	b.checkPage("calls of a webhook")
	b.use("Actions for \u2068Raw <b>cut\u2069")
	b.press("Show request and answer")
	b.until("see what was sent", `document.querySelector('#call-request').value.includes('"faspex_pkg_name": "Raw <b>cut"')`)
	b.until("see why there was no answer", `document.querySelector('#call-answer').value.includes('an internal one')`)
	b.checkPage("a call of a webhook")
	b.press("Close")
	b.noDialog()
	b.use("Actions for \u2068Raw <b>cut\u2069")
	b.press("Call again")
	b.toast("The call is made again")
	b.sees("Waiting")
	b.use("Actions for \u2068Raw <b>cut\u2069")
	b.press("Cancel")
	b.toast("The call was cancelled")
	b.sees("Cancelled")
	b.press("Delete webhook")
	b.confirm("Delete webhook")
	b.toast("The webhook was deleted")
	b.heading("Package processing")
	b.sees("No webhooks")
	b.clean("400")
})
