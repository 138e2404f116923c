package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/chromedp/cdproto/network"
)

// bearerOf reads the access token of a request.
func bearerOf(headers network.Headers) (string, bool) {
	for name, value := range headers {
		if text, ok := value.(string); ok && strings.EqualFold(name, "Authorization") {
			return strings.CutPrefix(text, "Bearer ")
		}
	}
	return "", false
}

// statusOf asks the API with a token, and gives the status.
func (w *world) statusOf(t *testing.T, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.in.URL+base+"/api/v5/account", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

var _ = journey("session", func(t *testing.T, w *world) {
	bob := w.person(t, "Bob", "Recipient")
	b := w.open(t)
	b.logIn(bob, "/packages/sent")
	b.heading("Sent")

	// page-58: no token is where it could be read later.
	token := b.token()
	if w.statusOf(t, token) != http.StatusOK {
		t.Fatalf("the page's token, of %d characters, is not taken", len(token))
	}
	kept := value[string](b, `(async () => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), location.href,
		performance.getEntries().map(e => e.name), (await indexedDB.databases()).map(d => d.name)]))()`)
	if strings.Contains(kept, token) || strings.Contains(kept, "refresh_token") ||
		strings.Contains(kept, "code_verifier") {
		t.Errorf("a token is kept: %s", kept)
	}
	for _, db := range value[[]string](b, `(async () => (await indexedDB.databases()).map(d => d.name))()`) {
		if strings.Contains(db, token) {
			t.Errorf("a token is the name of a database: %s", db)
		}
	}

	// page-53: Back does not lead to a login form, nor to an error of the browser.
	b.press("Received")
	b.heading("Received")
	b.back()
	b.heading("Sent")
	b.back()
	b.until("not see a login form", `document.readyState === 'complete' && !document.querySelector('#password')`)
	b.goTo("/packages/sent")
	b.heading("Sent")

	// page-50: another tab needs no password.
	other := b.another()
	other.goTo("/packages/received")
	other.heading("Received")
	other.sees("Bob Recipient")
	b.do("load the first tab anew", chromedp.Reload())
	b.heading("Sent")

	// page-52: a sign-out in one tab ends the other, and the tokens.
	tokens := []string{b.token(), other.token()}
	if tokens[0] == tokens[1] {
		t.Error("two tabs have the same token")
	}
	b.press("Your account")
	b.press("Sign out")
	for _, each := range []*tab{b, other} {
		each.sees("You are signed out")
		each.at("/signed-out")
		each.until("have a neutral title", `document.title === 'You are signed out – Faspex'`)
		each.axe("the signed-out page")
	}
	for _, token := range tokens {
		if status := w.statusOf(t, token); status != http.StatusUnauthorized {
			t.Errorf("a token after signing out: %d", status)
		}
	}
	b.press("Sign in")
	b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	b.clean()
	other.clean()

	// A login that was not begun here is not redeemed.
	stranger := w.open(t)
	stranger.goTo("/?code=stolen&state=guessed")
	stranger.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	stranger.clean()
})
