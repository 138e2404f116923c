package browser_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

const (
	bobPassword = "Bobs-Own-Word-1"
	dailies     = "Dailies of day 14"
)

// received makes a package that Alice sent to Bob.
func received(t *testing.T, in *faspextest.Instance, node *faspextest.Node) {
	t.Helper()
	alice := in.User(t, "Alice", "Sender", "")
	in.User(t, "Bob", "Recipient", bobPassword)
	p, err := alice.CreatePackage(t.Context(), api.PackageCreate{
		Title: dailies, Note: "Camera B was out of focus.", Recipients: []api.RecipientName{{Name: "bob@example.com"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := alice.UploadSpec(t.Context(), p.ID, []string{"clips"})
	if err != nil {
		t.Fatal(err)
	}
	session := node.Begin(t, spec)
	node.Write(t, filepath.Join("packages", p.PackageUUID, "read me.txt"), "1234567")
	node.Write(t, filepath.Join("packages", p.PackageUUID, "camera-a", "clip ä.mov"), strings.Repeat("x", 2048))
	session.Finish(t, "")
	now := time.Now()
	worker := in.Worker(t, "worker", func() time.Time { return now })
	for range 2 {
		now = now.Add(2 * time.Minute)
		if err := worker.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPersonReceivesAndSendsPackages(t *testing.T) {
	page := builtPage(t)
	in, node := faspextest.Start(t, os.DirFS(page)), faspextest.StartNode(t)
	in.Register(t, "north", node)
	received(t, in, node)
	b := open(t)

	// A page inside of the application leads to the login form, and after the login back to it.
	b.do("open the page", chromedp.Navigate(in.URL+"/aspera/faspex/sent"), chromedp.WaitVisible(chromedp.CSS("#password")))
	b.enter("#username", "bob@example.com")
	b.enter("#password", "wrong")
	b.click("button[type=submit]")
	b.sees("The name or the password is wrong.")
	b.enter("#password", bobPassword)
	b.click("button[type=submit]")
	b.sees("You have sent no packages", "Bob Recipient")
	b.until("come back to the page asked for", `location.pathname === '/aspera/faspex/sent' && location.search === ''`)
	b.checkPage("an empty list")

	b.press("Received")
	b.sees(dailies, "Alice Sender", "Complete", "2.0 KiB")
	b.checkPage("the list")
	b.enter(".cds--search-input", "no such title")
	b.sees("Nothing found")
	b.do("clear the search", chromedp.Click(chromedp.CSS(".cds--search-close")))
	b.press(dailies)
	b.until("open the package", `document.querySelector('h1')?.innerText === `+quote(dailies))
	b.sees("Camera B was out of focus.", "read me.txt", "camera-a")
	b.press("Create download command")
	b.sees("ascp --mode recv", "ASPERA_SCP_TOKEN=", "192.0.2.7")
	b.press("camera-a")
	b.sees("clip ä.mov", "All files")
	b.checkPage("a package")

	b.press("New package")
	b.press("Create package")
	b.sees("Give the package a title.", "Choose at least one recipient.")
	b.enter("#title", "Notes for Alice")
	b.enter("#recipients", "alice")
	b.until("find Alice", `document.querySelector('[role=option]')?.innerText.includes('alice@example.com')`)
	b.click("[role=option]")
	b.sees("alice@example.com")
	b.enter("#note", "As promised.")
	b.checkPage("the form")
	b.press("Create package")
	b.until("open the new package", `document.querySelector('h1')?.innerText === 'Notes for Alice'`)
	b.sees("Starting", "Alice Sender", "As promised.")
	b.enter("#upload-paths", "my notes.txt")
	b.press("Create upload command")
	b.sees("ascp --mode send", "'my notes.txt'", "Uploading")
	b.press("Sent")
	b.sees("Notes for Alice", "Uploading")

	b.do("look at it on a phone", chromedp.EmulateViewport(360, 740))
	b.checkPage("the list on a phone")
	b.press("Notes for Alice")
	b.sees("Upload the files with ascp")
	b.checkPage("a package on a phone")
	b.do("look at it on a desk again", chromedp.EmulateViewport(1280, 900))

	b.press("Delete")
	b.sees("Delete “Notes for Alice”?", "This cannot be undone.")
	b.press("Delete package")
	b.sees("Deleting")
	b.until("come back to the list", `location.pathname === '/aspera/faspex/sent' && document.activeElement?.id === 'main-content'`)

	const change = `const k = 'faspex.tokens', t = JSON.parse(sessionStorage.getItem(k)); `
	old := value[string](b, `JSON.parse(sessionStorage.getItem('faspex.tokens')).accessToken`)
	value[any](b, `{`+change+`t.expiresAt = 0; sessionStorage.setItem(k, JSON.stringify(t)); location.assign('/aspera/faspex/received') }`)
	b.sees(dailies)
	token := value[string](b, `JSON.parse(sessionStorage.getItem('faspex.tokens')).accessToken`)
	if token == old {
		t.Error("a token that ended was not renewed")
	}
	if status := account(t, in, token); status != http.StatusOK {
		t.Fatalf("the page's token before signing out: %d", status)
	}
	b.click("header button[aria-labelledby], header [aria-label='Sign out'], header .cds--header__global button")
	b.sees("You are signed out")
	if left := value[int](b, `sessionStorage.length`); left != 0 {
		t.Errorf("%d things are left in the session storage", left)
	}
	if status := account(t, in, token); status != http.StatusUnauthorized {
		t.Errorf("the page's token after signing out: %d", status)
	}
	b.press("Sign in")
	b.until("be asked for the password again", `document.querySelector('#password')`)

	b.enter("#username", "bob@example.com")
	b.enter("#password", bobPassword)
	b.click("button[type=submit]")
	b.sees(dailies)
	value[any](b, `{`+change+`t.expiresAt = 0; t.refreshToken = 'forged'; sessionStorage.setItem(k, JSON.stringify(t)); location.reload() }`)
	b.sees("Your session has ended")
	b.checkConsole()
}

func TestLoginThatWasNotStartedHereIsRefused(t *testing.T) {
	in := faspextest.Start(t, os.DirFS(builtPage(t)))
	b := open(t)
	b.do("open a stolen answer", chromedp.Navigate(in.URL+"/aspera/faspex/?code=stolen&state=guessed"))
	b.sees("Sign-in did not succeed", "This login was not started here")
	b.checkConsole()
}

func account(t *testing.T, in *faspextest.Instance, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, in.URL+"/aspera/faspex/api/v5/account", nil)
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
