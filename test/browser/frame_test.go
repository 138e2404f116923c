package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

var _ = journey("frame", func(t *testing.T, w *world) {
	bob := w.person(t, "Bob", "Recipient")
	b := w.open(t)

	// A page inside of the application leads to the login form, and after the login back to it.
	b.goTo("/packages/sent")
	b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	b.enter("#username", bob.login)
	b.enter("#password", "wrong")
	b.click("button[type=submit]")
	b.sees("The name or the password is wrong.")
	b.enter("#password", bob.password)
	b.click("button[type=submit]")
	b.sees("You have sent no packages", "Bob Recipient")
	b.at("/packages/sent")
	b.checkPage("an empty list")

	b.press("Received")
	b.heading("Received")
	b.until("have the focus in the main part", `document.activeElement.id === 'main-content'`)
	b.press("Your account")
	b.press("Account settings")
	b.heading("Profile")
	b.checkPage("the account")
	b.back()
	b.heading("Received")
	b.clean("401", "400")
})
