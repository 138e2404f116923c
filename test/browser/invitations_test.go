package browser_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/smtpd"
)

// page-73: an invitation is sent, listed, copied and withdrawn; a link that was withdrawn, or has expired, says so. Who may
// not invite has no such page.
func TestInvitationsPage(t *testing.T) {
	w := newWorld(t, os.DirFS(builtPage(t)))
	mails := smtpd.Start(t, smtpd.Options{})
	alice, carl := w.person(t, "Alice", "Inside"), w.person(t, "Carl", "Uninvited")
	b := w.open(t)
	b.logIn(alice, "/packages/invitations")
	b.heading("Invitations")
	b.sees("You have invited nobody")
	b.checkPage("no invitations")
	b.press("Invite somebody")
	b.heading("Invite somebody")
	b.checkPage("the form of an invitation")
	b.enter("#email_address", "ann@example.net")
	b.press("Send the invitation")
	b.sees("No mail server is configured")

	w.post(t, w.in.Admin, "/configuration/smtp", map[string]any{"auth_type": "open", "server_address": mails.Host,
		"server_port": mails.Port, "domain": "example.com", "from_user": "Faspex", "from_email": "faspex@example.com",
		"tls_enabled": false, "packages_recipient_from": "faspex", "username": "", "default_time_zone_offset": "0"})
	b.replace("#email_address", "no address")
	b.press("Send the invitation")
	b.until("be told at the field", `document.querySelector('#email_address-error-msg')?.innerText.length > 3`)
	b.replace("#email_address", "ann@example.net")
	b.press("Send the invitation")
	b.toast("The invitation is on its way")
	b.heading("Invitations")
	b.sees("ann@example.net", "Good", "Never")
	b.checkPage("an invitation")

	b.press("Invite somebody")
	b.enter("#email_address", "bea@example.net")
	b.option("#expiration", "on_date")
	day := time.Now().AddDate(0, 0, 3)
	value[any](b, `(() => { const e = document.querySelector('#expires_at');
		Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(e, `+quote(day.Format("2006-01-02"))+`);
		e.dispatchEvent(new Event('input', {bubbles: true})); return null })()`)
	b.press("Send the invitation")
	b.toast("The invitation is on its way")
	b.sees("bea@example.net", "On "+day.Format("Jan"))

	value[any](b, `(() => { Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (t) => { window.__copied = t }}}); return null })()`)
	b.rowAction("ann@example.net", "Copy the link")
	b.toast("The link for \u2068ann@example.net\u2069 was copied")
	link := value[string](b, `window.__copied`)
	w.service(t, "invitations")
	mailed := func() (links []string) {
		for _, m := range mails.Mails() {
			if m.To == "ann@example.net" {
				links = append(links, mailedLink.FindString(m.Text))
			}
		}
		return links
	}
	if got := mailed(); len(got) != 1 || got[0] != link {
		t.Errorf("copied %s, mailed %q", link, got)
	}
	b.rowAction("ann@example.net", "Mail it again")
	b.toast("The invitation is mailed to \u2068ann@example.net\u2069")
	w.service(t, "invitations again")
	if got := mailed(); len(got) != 2 || got[1] != link {
		t.Errorf("mailed %q", got)
	}
	if page := faspextest.OpenPage(t, link); page.Status != http.StatusOK || !strings.Contains(page.Body, "Send files to Alice Inside") {
		t.Errorf("the link: %d %s", page.Status, page.Body)
	}

	b.rowAction("ann@example.net", "Withdraw")
	b.sees("Withdraw the invitation of \u2068ann@example.net\u2069?")
	b.axe("the question")
	b.keys(kb.Escape)
	b.noDialog()
	b.rowAction("ann@example.net", "Withdraw")
	b.confirm("Withdraw")
	b.toast("The invitation of \u2068ann@example.net\u2069 was withdrawn")
	b.misses("ann@example.net")
	if page := faspextest.OpenPage(t, link); page.Status < 400 || !strings.Contains(page.Body, "withdrawn") {
		t.Errorf("the link after that: %d %s", page.Status, page.Body)
	}

	b.clean("409", "400")

	w.call(t, w.firstAdmin(), http.MethodPut, "/accounts/"+carl.id, map[string]any{"can_invite": "false"})
	c := w.open(t)
	c.logIn(carl, "/packages/received")
	c.misses("Invitations")
	c.goTo("/packages/invitations")
	c.heading("You may not see this page")
	c.clean()
}

// rowAction uses an action in the menu of the row that holds a text.
func (b *tab) rowAction(row, action string) {
	b.t.Helper()
	menu := `[...document.querySelectorAll('tbody tr')].find(e => e.innerText.includes(` + quote(row) +
		`))?.querySelector('button.cds--overflow-menu')`
	b.until("find the menu of "+row, menu)
	value[any](b, menu+`.click()`)
	b.press(action)
}
