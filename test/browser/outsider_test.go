package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/smtpd"
)

var mailedLink = regexp.MustCompile(`http\S+/aspera/faspex/(public/|auth/password)\S+`)

// outside is a world whose mails are read, for people who have nothing else.
type outside struct {
	*world
	mails  *smtpd.Server
	rounds int
}

// linkIn has the service work until somebody has a mail with a link that holds a text, and gives the newest such link, below
// the address of the product.
func (o *outside) linkIn(t *testing.T, to, part string) string {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		o.rounds++
		o.service(t, fmt.Sprint("mails-", o.rounds))
		all := o.mails.Mails()
		for _, m := range slices.Backward(all) {
			if found := mailedLink.FindString(m.Text); m.To == to && strings.Contains(found, part) {
				return strings.TrimPrefix(found, o.in.URL+base)
			}
		}
	}
	t.Fatalf("no mail to %s with a link to %s", to, part)
	return ""
}

// People without an account, in browsers that hold nothing, with nothing but their mails.
func TestOutsiders(t *testing.T) {
	o := &outside{mails: smtpd.Start(t, smtpd.Options{}), world: &world{in: faspextest.Start(t, os.DirFS(builtPage(t))),
		node: faspextest.StartTransferNode(t), browser: startBrowser(t)}}
	o.in.Register(t, "north", o.node)
	o.in.StartGateway(t, o.node, nil)
	if err := o.in.Admin.Configure(t.Context(), map[string]any{"allow_send_to_email_default": true}); err != nil {
		t.Fatal(err)
	}
	o.post(t, o.in.Admin, "/configuration/smtp", map[string]any{"auth_type": "open", "server_address": o.mails.Host,
		"server_port": o.mails.Port, "domain": "example.com", "from_user": "Faspex", "from_email": "faspex@example.com",
		"tls_enabled": false, "packages_recipient_from": "faspex", "username": "", "default_time_zone_offset": "0"})
	alice := o.person(t, "Alice", "Inside")
	t.Run("sends from a phone", func(t *testing.T) { o.sendsFromAPhone(t, alice) })
	t.Run("registers", o.registers)
	t.Run("downloads", func(t *testing.T) { o.downloads(t, alice) }) // the last: it moves the clock
}

// page-86: an invitation is opened on a phone, three photos are sent, and the page says that they arrived; there is no
// account and no password.
func (o *outside) sendsFromAPhone(t *testing.T, alice person) {
	o.post(t, alice.Client, "/invitations", map[string]any{"email_address": "ann@example.net"})
	dir, photos := t.TempDir(), map[string][]byte{}
	var chosen []string
	for i := range 3 {
		name := fmt.Sprintf("IMG_%d.jpg", i)
		chosen = append(chosen, noise(t, filepath.Join(dir, name), 1<<20+i))
		raw, err := os.ReadFile(chosen[i])
		if err != nil {
			t.Fatal(err)
		}
		photos[name] = raw
	}
	b := o.open(t)
	b.viewport(390, 844)
	b.goTo(o.linkIn(t, "ann@example.net", "/public/send?"))
	b.heading("Send files to Alice Inside")
	b.until("need no scrolling sideways", `document.documentElement.scrollWidth <= 390`)
	b.until("have no field for a password", `!document.querySelector('input[type=password]')`)
	b.axe("the form of an invitation")
	b.enter("#title", "From outside")
	b.do("choose photos", chromedp.SetUploadFiles(chromedp.CSS("#files"), chosen, chromedp.NodeReady))
	b.click("#go")
	b.sees("Your files have arrived.")
	b.until("see nothing to send any more", `!document.querySelector('#files, #go')`)
	var sent []api.Package
	for end := time.Now().Add(2 * time.Minute); len(sent) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		o.service(t, "release")
		var err error
		if sent, err = alice.Packages(t.Context(), "inbox"); err != nil {
			t.Fatal(err)
		}
	}
	if len(sent) != 1 || sent[0].Title != "From outside" || sent[0].Sender.Email != "ann@example.net" ||
		sent[0].Sender.Type != "external_user" {
		t.Fatalf("inbox: %+v", sent)
	}
	for name, want := range photos {
		raw, err := os.ReadFile(filepath.Join(o.node.Dir, faspextest.PackageFolder(sent[0]), name))
		if err != nil || !bytes.Equal(raw, want) {
			t.Errorf("%s: %d bytes of %d arrived, %v", name, len(raw), len(want), err)
		}
	}
	b.clean()
}

// page-87: the package of a link is downloaded whole or by file until the link expires, and never afterwards.
func (o *outside) downloads(t *testing.T, alice person) {
	if err := o.in.Admin.Configure(t.Context(), map[string]any{"package_link_expires": true,
		"package_link_valid_days": 3, "package_link_expires_after_full_download": false}); err != nil {
		t.Fatal(err)
	}
	p, err := alice.CreatePackage(t.Context(), api.PackageCreate{Title: "To outside",
		Recipients: []api.RecipientName{{Name: "out@example.org"}}})
	if err != nil {
		t.Fatal(err)
	}
	o.released(t, alice, p, map[string]string{"plan <i>.txt": "the plan", "season/b.mov": "a film"})
	b := o.open(t)
	d := b.saves()
	page := o.linkIn(t, "out@example.org", "/public/package?")
	b.goTo(page)
	b.heading("To outside")
	b.sees("Alice Inside", "plan <i>.txt", "season/")
	b.axe("the page of a package")
	for i, press := range []struct{ button, saved string }{
		{"plan <i>.txt", "plan _i_.txt"}, {"season/", "season.zip"}, {"Download all", "To outside.zip"},
	} {
		b.press(press.button)
		if got := d.finished(b, i+1); got[i] != press.saved {
			t.Errorf("%s saved %v", press.button, got)
		}
	}
	if raw, err := os.ReadFile(d.path("plan _i_.txt")); err != nil || string(raw) != "the plan" {
		t.Errorf("downloaded %q, %v", raw, err)
	}
	o.in.Advance(4 * 24 * time.Hour)
	b.press("Download all") // of a page that was open before
	b.heading("This link does not open")
	b.goTo(page)
	b.heading("This link does not open")
	b.misses("Download", "plan")
	b.clean("403")
}

// page-88: who registers learns of the decision, sets the first password and logs in by mails alone. The forms to log in
// and to get another password say the same whether there is an account or not; that of registrations may tell (faspex-H2).
func (o *outside) registers(t *testing.T) {
	if err := o.in.Admin.Configure(t.Context(), map[string]any{"self_registration_type": "moderated"}); err != nil {
		t.Fatal(err)
	}
	const email, password = "neo@example.org", "First-Word-1"
	b := o.open(t)
	b.goTo("/")
	b.press("Request an account")
	b.heading("Request an account")
	b.enter("#first_name", "Neo")
	b.enter("#last_name", "New")
	b.enter("#email", email)
	b.click("button[type=submit]")
	b.sees("An administrator decides. You get a mail then, and none before.")
	var list struct{ Registrations []struct{ ID, Email string } }
	o.read(t, "/registrations", &list)
	if len(list.Registrations) != 1 || list.Registrations[0].Email != email {
		t.Fatalf("registrations: %+v", list)
	}
	stranger := o.open(t)
	if waits, none := stranger.isRefused(email), stranger.isRefused("nobody@example.org"); waits != none {
		t.Errorf("of one who waits the forms tell %q, of nobody %q", waits, none)
	}
	if status := o.call(t, person{Client: o.in.Admin}, http.MethodPost, "/registrations/accept?ids="+list.Registrations[0].ID, nil); len(
		status["details"].(map[string]any)["succeeded"].([]any)) != 1 {
		t.Errorf("accepted: %v", status)
	}
	b.goTo(o.linkIn(t, email, "/auth/password?code="))
	b.enter("#new_password", password)
	b.enter("#confirm_password", password)
	b.click("button[type=submit]")
	b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	b.enter("#username", email)
	b.enter("#password", password)
	b.click("button[type=submit]")
	b.until("be logged in", `document.querySelector('[data-testid=user-name]')?.innerText.includes('Neo New')`)
	if known, none := stranger.isRefused(email), stranger.isRefused("nobody@example.org"); known != none {
		t.Errorf("of an account the forms tell %q, of nobody %q", known, none)
	}
}

// isRefused logs in with a wrong password and has a mail sent to set another one, and gives what both forms tell.
func (b *tab) isRefused(login string) string {
	b.t.Helper()
	b.goTo("/")
	b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	b.enter("#username", login)
	b.enter("#password", "not this one")
	b.click("button[type=submit]")
	b.until("be refused", `document.querySelector('#problem')`)
	told := value[string](b, `document.querySelector('#problem').innerText`)
	b.goTo("/auth/password")
	b.enter("#username", login)
	b.click("button[type=submit]")
	b.sees("If there is an account")
	return told + value[string](b, `document.querySelector('main').innerText`)
}

// post calls the API as somebody, and wants it to make something.
func (w *world) post(t *testing.T, c *client.Client, path string, in any) {
	t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.in.URL+base+"/api/v5"+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("POST %s: %d", path, res.StatusCode)
	}
}
