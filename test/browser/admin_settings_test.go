package browser_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/test/smtpd"
)

// page-79: each setting says who decided it; an admin changes one, and what the operator decides cannot be changed.
var _ = journey("admin settings", func(t *testing.T, w *world) {
	root := w.anAdmin(t, "Ada", "Root")
	t.Cleanup(func() {
		if err := w.in.Admin.Configure(context.Background(), map[string]any{"session_timeout_minutes": nil}); err != nil {
			t.Error(err)
		}
	})
	b := w.open(t)
	b.logIn(root, "/admin/configuration")
	b.heading("Configuration")
	b.sees("Address of the server", "By default", "FaspexInstance", "Default inbox")
	b.checkPage("the configuration")
	b.replace("#gateway_to_test", w.in.URL+"/aspera/http-gwy/v1") // node-140
	b.press("Test connection")
	b.sees("The gateway answers")
	b.replace("#gateway_to_test", w.in.URL+"/aspera/faspex")
	b.press("Test connection")
	b.sees("The gateway cannot be used", "has the form https://gateway.example.com/aspera/http-gwy/v1")
	b.checkPage("a gateway that cannot be used")
	b.press("Logins and passwords")
	b.heading("Logins and passwords")
	b.checkPage("settings")
	b.replace("#session_timeout_minutes", "45")
	b.press("Save")
	b.toast("The settings were saved")
	b.sees("Set by an admin")
	if held := w.configuration(t)["session_timeout_minutes"]; held != 45.0 {
		t.Errorf("stored: %v", held)
	}
	b.replace("#session_timeout_minutes", "0")
	b.press("Save")
	b.until("be told at the field", `document.querySelector('#session_timeout_minutes-error-msg')?.innerText.length > 3`)
	b.replace("#session_timeout_minutes", "45")

	if err := w.in.Admin.ManageSettings(t.Context(), api.ManagedSettings{Manager: "FaspexInstance media/demo",
		Configuration: map[string]json.RawMessage{"session_timeout_minutes": json.RawMessage("50")}}); err != nil {
		t.Fatal(err)
	}
	b.goTo("/admin/configuration/security")
	b.sees("Decided by \u2068FaspexInstance media/demo\u2069; change it there")
	b.until("be unable to change it", `document.getElementById('session_timeout_minutes').readOnly`)
	b.until("see what holds", `document.getElementById('session_timeout_minutes').value === '50'`)
	b.checkPage("managed settings")
	if err := w.in.Admin.ManageSettings(t.Context(), api.ManagedSettings{Manager: "FaspexInstance media/demo",
		Configuration: map[string]json.RawMessage{}}); err != nil {
		t.Fatal(err)
	}
	b.clean("400")
})

// page-80, page-81, page-84: a mail server is connected and tested, and its words are shown; both texts of a template
// are kept; what failed is seen and removed.
var _ = journey("admin mail", func(t *testing.T, w *world) {
	post := smtpd.Start(t, smtpd.Options{})
	root := w.anAdmin(t, "Ada", "Root")
	b := w.open(t)
	b.logIn(root, "/admin/mail")
	b.heading("Mail")
	b.sees("No mails are sent yet")
	b.checkPage("no mail server")
	b.enter("#server_address", post.Host)
	b.replace("#server_port", strconv.Itoa(post.Port))
	b.click("#tls_enabled")
	b.option("#auth_type", "open")
	b.enter("#from_email", "faspex@example.com")
	b.press("Connect")
	b.toast("The mail server was saved")
	b.sees("Send a test mail")
	b.checkPage("a mail server")
	b.press("Send test mail")
	b.sees("The mail is on its way")
	w.service(t, "mail")
	b.sees("The mail server has taken the mail", "MAIL FROM", "250")
	sent := slices.DeleteFunc(post.Mails(), func(m smtpd.Mail) bool { return m.To != root.login }) // others wait for mails too
	if len(sent) != 1 || sent[0].Subject != "Email settings test" {
		t.Errorf("mails: %+v", sent)
	}
	b.checkPage("the conversation")
	post.Refuse(550, "Not today")
	b.press("Send test mail")
	b.sees("The mail is on its way")
	w.service(t, "mail")
	b.sees("The mail was not sent", "Not today")

	b.press("Background jobs")
	b.heading("Background jobs")
	b.sees("Test email settings", "Not today", "How it stands")
	b.checkPage("the jobs")
	b.click("tbody tr:first-child button.cds--overflow-menu")
	b.press("Remove")
	b.sees("Remove the job")
	b.use("Remove")
	b.toast("The job was removed")

	b.goTo("/admin/mail/templates")
	b.heading("Mail templates")
	b.checkPage("the templates")
	b.press("To a new user")
	b.heading("To a new user")
	b.checkPage("a template")
	b.replace("#greeting", "Good day USER_FIRST_NAME,")
	b.sees("Good day Ada,")
	b.option("#editor", "html")
	b.replace("#html", "<b>Welcome USER_LAST_NAME</b>")
	b.until("see the preview", `document.querySelector('iframe.mail-preview')?.srcdoc.includes('<b>Welcome Lovelace</b>')`)
	b.option("#editor", "form")
	b.until("find what was typed", `document.getElementById('greeting')?.value === 'Good day USER_FIRST_NAME,'`)
	b.press("Save")
	b.toast("The template was saved")
	if stored := w.template(t); !stored.UseHTMLDerived || stored.Greeting != "Good day USER_FIRST_NAME," ||
		stored.HTML != "<b>Welcome USER_LAST_NAME</b>" {
		t.Errorf("stored: %+v", stored)
	}
	b.press("Restore default")
	b.sees("Restore the default of this mail?")
	b.use("Restore default")
	b.toast("The default was restored")
	if stored := w.template(t); stored.HTML != "" || !strings.HasPrefix(stored.Greeting, "Hello") {
		t.Errorf("restored: %+v", stored)
	}

	b.goTo("/admin/mail")
	b.press("Remove mail server")
	b.sees("Remove the mail server?")
	b.use("Remove mail server")
	b.toast("The mail server was removed")
	b.sees("No mails are sent yet")
	b.clean()
})

// configuration is what an admin is told.
func (w *world) configuration(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	w.read(t, "/configuration", &out)
	return out
}

func (w *world) template(t *testing.T) api.EmailNotification {
	t.Helper()
	var out api.EmailNotification
	w.read(t, "/email_notifications?type="+mail.WelcomeEmail, &out)
	return out
}

// read asks the API as an admin.
func (w *world) read(t *testing.T, path string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.in.URL+base+"/api/v5"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := w.in.Admin.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(out); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
	}
}

// pick chooses an option of a select.
func (b *tab) option(css, option string) {
	b.t.Helper()
	b.until("find "+css, `document.querySelector(`+quote(css)+`)`)
	value[any](b, `{const e = document.querySelector(`+quote(css)+`);
		Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(e, `+quote(option)+`);
		e.dispatchEvent(new Event('change', {bubbles: true}))}`)
}
