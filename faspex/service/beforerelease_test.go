package service_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// faspex-P3: before the release recipients of every kind have the package on no list, get no mail of it and can neither
// read nor download it. faspex-N5: a private recipient is shown to the sender, and to no other recipient: not in the API,
// by no search, and in no mail.
func TestNothingReachesRecipientsBeforeTheRelease(t *testing.T) {
	s, p := newMailScene(t)
	carol, dora := s.in.User(t, "Carol", "Secret", ""), s.in.User(t, "Dora", "Member", "")
	s.configure(map[string]any{"allow_send_to_email_default": true})
	s.group("/workgroups", map[string]any{"name": "Editors"}, map[string]string{
		"alice@example.com": "standard", "dora@example.com": "standard"})
	made := s.create(func(b *api.PackageCreate) {
		b.Title, b.ReleasePolicy = "Plans", "later"
		b.Recipients = append(named("bob@example.com", "out@example.org"),
			api.RecipientName{Name: "Editors", RecipientType: "workgroup"})
		b.PrivateRecipients = named("carol@example.com")
	})
	recipients := map[string]*client.Client{"bob": s.bob, "carol": carol, "dora": dora}
	boxes := []string{"inbox", "inbox_all", "inbox_history", "inbox_all_history", "all"}
	reaches := func(c *client.Client, id string) (titles []string, read, downloaded int) {
		t.Helper()
		for _, box := range boxes {
			list, err := c.Packages(t.Context(), box)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range list {
				titles = append(titles, box+" "+one.Title)
			}
		}
		read, _ = p.call(t, c, http.MethodGet, "/packages/"+id, nil)
		downloaded, _ = p.call(t, c, http.MethodPost, "/packages/"+id+"/transfer_spec/download?type=received", map[string]any{})
		return titles, read, downloaded
	}
	s.upload(made)
	s.run()
	s.want(made, "held", "completed")
	for name, c := range recipients {
		if titles, read, downloaded := reaches(c, made.ID); len(titles) > 0 || read != http.StatusNotFound || downloaded != http.StatusNotFound {
			t.Errorf("%s before the release: %v, read %d, download %d", name, titles, read, downloaded)
		}
	}
	for _, m := range p.smtp.Mails() {
		if m.To != "alice@example.com" {
			t.Errorf("a mail before the release: %s > %s", m.Subject, m.To)
		}
	}
	s.change(made, map[string]any{"release_policy": "now"})
	s.run()
	for name, c := range recipients {
		if titles, read, downloaded := reaches(c, made.ID); !slices.Contains(titles, "inbox_all Plans") || read != http.StatusOK ||
			downloaded != http.StatusOK {
			t.Errorf("%s after the release: %v, read %d, download %d", name, titles, read, downloaded)
		}
	}
	told := map[string]bool{}
	for _, m := range p.smtp.Mails() {
		told[m.To] = true
		if m.To != "carol@example.com" && strings.Contains(m.Subject+m.Text+m.HTML, "Carol") {
			t.Errorf("a mail to %s names a private recipient: %s", m.To, m.Text)
		}
	}
	for _, to := range []string{"bob@example.com", "carol@example.com", "dora@example.com", "out@example.org"} {
		if !told[to] {
			t.Errorf("no mail to %s after the release", to)
		}
	}
	if got := s.read(made).PrivateRecipients; len(got) != 1 || got[0].Email != "carol@example.com" {
		t.Errorf("the sender sees %+v", got)
	}
	for name, c := range recipients {
		_, body := p.call(t, c, http.MethodGet, "/packages/"+made.ID, nil)
		if strings.Contains(strings.ToLower(body), "carol") {
			t.Errorf("%s sees a private recipient: %s", name, body)
		}
		if name == "carol" {
			continue
		}
		if _, body := p.call(t, c, http.MethodGet, "/inbox_all/packages?q=carol", nil); !strings.Contains(body, `"total_count":0`) {
			t.Errorf("%s finds it by a private recipient: %s", name, body)
		}
	}
}
