package browser_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/smtpd"
)

var publicLink = regexp.MustCompile(`http\S+/aspera/faspex/public/\S+`)

// Somebody without an account sends a file by the link of an invitation's mail, and downloads a package by the link of
// another mail, in a browser that never logs in. The bytes arrive.
func TestOutsiderSendsAndReceives(t *testing.T) {
	mails := smtpd.Start(t, smtpd.Options{})
	w := &world{in: faspextest.Start(t, nil), node: faspextest.StartTransferNode(t), browser: startBrowser(t)}
	w.in.Register(t, "north", w.node)
	w.in.StartGateway(t, w.node, nil)
	if err := w.in.Admin.Configure(t.Context(), map[string]any{"allow_send_to_email_default": true}); err != nil {
		t.Fatal(err)
	}
	w.post(t, w.in.Admin, "/configuration/smtp", map[string]any{"auth_type": "open", "server_address": mails.Host,
		"server_port": mails.Port, "domain": "example.com", "from_user": "Faspex", "from_email": "faspex@example.com",
		"tls_enabled": false, "packages_recipient_from": "faspex", "username": "", "default_time_zone_offset": "0"})
	alice := w.person(t, "Alice", "Inside")
	linkTo := func(page string) string {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			w.service(t, page)
			for _, m := range mails.Mails() {
				if found := publicLink.FindString(m.Text); strings.Contains(found, "/public/"+page+"?") {
					return strings.TrimPrefix(found, w.in.URL+base)
				}
			}
		}
		t.Fatalf("no mail with a link to %s", page)
		return ""
	}

	w.post(t, alice.Client, "/invitations", map[string]any{"email_address": "ann@example.net"})
	file := filepath.Join(t.TempDir(), "report.txt")
	content := strings.Repeat("a line of the report\n", 50_000)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	b := w.open(t)
	b.goTo(linkTo("send"))
	b.heading("Send files to Alice Inside")
	b.enter("#title", "From outside")
	b.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{file}, chromedp.NodeReady))
	b.click("#go")
	b.sees("Your files were sent")
	var sent []api.Package
	for end := time.Now().Add(2 * time.Minute); len(sent) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		w.service(t, "release")
		var err error
		if sent, err = alice.Packages(t.Context(), "inbox"); err != nil {
			t.Fatal(err)
		}
	}
	if len(sent) != 1 || sent[0].Title != "From outside" || sent[0].Sender.Email != "ann@example.net" {
		t.Fatalf("inbox: %+v", sent)
	}
	raw, err := os.ReadFile(filepath.Join(w.node.Dir, faspextest.PackageFolder(sent[0]), "report.txt"))
	if err != nil || string(raw) != content {
		t.Errorf("%d bytes of %d arrived, %v", len(raw), len(content), err)
	}

	p, err := alice.CreatePackage(t.Context(), api.PackageCreate{Title: "To outside",
		Recipients: []api.RecipientName{{Name: "out@example.org"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.released(t, alice, p, map[string]string{"plan.txt": "the plan"})
	d := b.saves()
	b.goTo(linkTo("package"))
	b.heading("To outside")
	b.sees("Alice Inside", "plan.txt")
	b.click("button")
	if got := d.finished(b, 1); got[0] != "plan.txt" {
		t.Errorf("saved %v", got)
	}
	if raw, err := os.ReadFile(d.path("plan.txt")); err != nil || string(raw) != "the plan" {
		t.Errorf("downloaded %q, %v", raw, err)
	}
	b.clean()
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
