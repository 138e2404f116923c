package browser_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"faspex.io/operator/faspex/api"
)

// call makes a call of the API as somebody, and reads the answer.
func (w *world) call(t *testing.T, as person, method, path string, body any) map[string]any {
	t.Helper()
	token, err := as.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sent, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, w.in.URL+base+"/api/v5"+path, bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil && res.StatusCode != http.StatusNoContent {
		t.Fatalf("%s %s: %d, %v", method, path, res.StatusCode, err)
	}
	if res.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %v", method, path, res.StatusCode, out)
	}
	return out
}

// group makes a workgroup or a shared inbox ("workgroups", "shared_inboxes") with members by their access, and gives its
// id.
func (w *world) group(t *testing.T, kind string, fields map[string]any, access map[string][]person) string {
	t.Helper()
	root := w.anAdmin(t, "Gro", "Groups")
	id := w.call(t, root, http.MethodPost, "/"+kind, fields)["id"].(string)
	for level, members := range access {
		for _, m := range members {
			w.call(t, root, http.MethodPost, "/"+kind+"/"+id+"/members",
				map[string]any{"user": []any{map[string]any{"id": m.id, "access": level}}})
		}
	}
	return id
}

// downloaded has somebody download a package whole.
func (w *world) downloaded(t *testing.T, who person, p api.Package) {
	t.Helper()
	spec, err := who.DownloadSpec(t.Context(), p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.node.Begin(t, spec).Finish(t, "")
	w.service(t, "down-"+p.ID)
}

// kinds tells the recipients of the form: state, kind and name.
const kinds = `[...document.querySelectorAll('.people__chip')].map(e => e.dataset.state + ' ' + e.dataset.kind + ' ' + e.querySelector('bdi').innerText).join('; ')`

// offered tells what a box offers, with the words of the kinds.
const offered = `[...document.querySelectorAll('[role=option]')].map(e => e.innerText.replaceAll('\n', ' ')).join('; ')`

// page-13: groups and lists are offered to those who may send to them, with a word and an icon for their kind, and to
// nobody else. faspex-K1: a shared inbox is the only recipient. faspex-J10: the instructions of a group are shown to who
// addresses it, and to nobody before.
var _ = journey("send to groups", func(t *testing.T, w *world) {
	ada, ben, eve := w.person(t, "Ada", "Member"), w.person(t, "Ben", "Fellow"), w.person(t, "Eve", "Stranger")
	crew := map[string][]person{"standard": {ada, ben}}
	profile := w.call(t, w.anAdmin(t, "Mia", "Profiles"), http.MethodPost, "/configuration/metadata_profiles", map[string]any{
		"name": "Zebra fields " + ada.login, "title": map[string]any{"max_length": 30, "illegal_chars": []string{"#"}},
		"note": map[string]any{"enabled": false, "max_length": 10, "illegal_chars": []string{}},
		"fields": []any{
			map[string]any{"name": "Delivery", "type": "date_field", "require": false, "date_format": "DD.MM.YYYY", "ordering": 2},
			map[string]any{"name": "Genre", "type": "option_list", "choices": []string{"Drama", "News"}, "require": true, "ordering": 1},
			map[string]any{"name": "Reel", "type": "text_field", "require": false, "max_length": 3, "illegal_chars": []string{"/"}, "ordering": 3},
		}})["id"].(string)
	w.group(t, "workgroups", map[string]any{"name": "Zebra crew", "submitters_instructions": "Only finished cuts."}, crew)
	w.group(t, "shared_inboxes", map[string]any{"name": "Zebra desk", "metadata_profile_id": profile,
		"submitters_instructions": "Call us first."}, crew)
	w.call(t, ada, http.MethodPost, "/account/distribution_lists",
		map[string]any{"name": "Zebra list", "contacts": []any{map[string]any{"name": ben.login}}})

	b := w.open(t)
	b.logIn(ada, "/packages/new")
	b.heading("New package")
	b.press("More options")
	b.enter("#recipients", "zebra")
	b.until("be offered each kind", offered+` === 'Zebra crew Workgroup; Zebra desk Shared inbox; Zebra list Distribution list'`)
	b.until("see icons", `document.querySelectorAll('[role=option] svg').length === 3`)
	b.axe("offers of groups")
	value[any](b, `document.querySelectorAll('[role=option]')[0].click()`)
	b.until("have the workgroup", kinds+` === 'known workgroup Zebra crew'`)
	b.sees("Instructions of \u2068Zebra crew\u2069", "Only finished cuts.")
	b.enter("#recipients", "zebra")
	b.until("be offered no inbox beside it", offered+` === 'Zebra list Distribution list'`)
	b.replace("#recipients", "Zebra desk,")
	b.sees("A shared inbox is the only recipient of its package.")
	b.press("Remove \u2068Zebra crew\u2069")
	b.misses("A shared inbox is the only recipient of its package.", "Only finished cuts.", "Private recipients", "Note (optional)")
	b.sees("Call us first.", "0/30")

	// The profile's fields stand in their order, and its rules at them.
	b.until("see the fields in order", `[...document.querySelectorAll('[id^=metadata-]')].map(e => e.labels[0]?.innerText).join() === 'Genre,Delivery (optional),Reel (optional)'`)
	b.enter("#title", "Reel #1")
	b.enter("#metadata-2", "a/bc")
	b.enter("#notified-on-download", ben.login+",")
	b.until("know who is told", kinds+`.includes('known user Ben Fellow')`)
	b.press("Create it and send the files with ascp")
	b.sees("These characters are not allowed: #", "This is needed.", "At most 3 characters.")
	b.until("have the focus at the first", `document.activeElement.id === 'title'`)
	b.checkPage("a form that is not right")
	b.replace("#title", "Reel 1")
	value[any](b, `{const e = document.querySelector('#metadata-0'); e.focus(); e.value = 'News'; e.dispatchEvent(new Event('change', {bubbles: true}))}`)
	value[any](b, `{const e = document.querySelector('#metadata-1'); Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(e, '2026-12-24'); e.dispatchEvent(new Event('input', {bubbles: true}))}`)
	b.replace("#metadata-2", "7a")
	b.press("Create it and send the files with ascp")
	p := b.sentPackage(ada, "Reel 1")
	b.sees("Delivery", "24.12.2026", "Genre", "News", "Reel", "7a") // faspex-T6
	got := w.call(t, ada, http.MethodGet, "/packages/"+p.ID, nil)
	if m, _ := json.Marshal(got["metadata"]); string(m) != `{"Delivery":"24.12.2026","Genre":"News","Reel":"7a"}` {
		t.Errorf("metadata: %s", m)
	}
	if told, _ := json.Marshal(got["notified_on_download"]); !bytes.Contains(told, []byte(ben.login)) {
		t.Errorf("told of downloads: %s", told)
	}
	if p.Recipients[0].RecipientType != "shared_inbox" || len(p.Recipients) != 1 {
		t.Errorf("recipients: %+v", p.Recipients)
	}
	b.clean()

	// A stranger to the groups is offered none of them.
	e := w.open(t)
	e.logIn(eve, "/packages/new")
	e.enter("#recipients", "zebra")
	e.sees("Nobody is found.")
	e.replace("#recipients", "out@example.org,")
	e.until("know nobody outside", kinds+` === 'unknown undefined out@example.org'`)

	e.press("Remove \u2068out@example.org\u2069")

	// Somebody who may send outside is offered an address that nobody here has.
	w.call(t, w.anAdmin(t, "Max", "Outside"), http.MethodPut, "/accounts/"+eve.id,
		map[string]any{"can_send_to_external_email": "true"})
	e.goTo("/packages/new")
	e.enter("#recipients", "out@example.org")
	e.until("be offered the address", offered+` === 'out@example.org External user'`)
	value[any](e, `document.querySelector('[role=option]').click()`)
	e.until("have the address", kinds+` === 'known external_user out@example.org'`)
	e.clean()
})

// faspex-K2, faspex-K17, faspex-P5 in the page: a shared inbox has a mailbox of its own, one click away for those who may
// read it; its admin archives for all, and who may forwards a package, now or later. page-35: the sender sees who
// downloaded what.
var _ = journey("mailboxes of groups", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Looksafter"), w.person(t, "Ben", "Submits")
	cleo := w.person(t, "Cleo", "Reads")
	root := w.anAdmin(t, "Rea", "Root")
	inbox := w.group(t, "shared_inboxes", map[string]any{"name": "Yak desk " + ada.login},
		map[string][]person{"shared_inbox_admin": {ada}, "submit_only": {ben}, "standard": {cleo}})
	w.call(t, root, http.MethodPut, "/accounts/"+cleo.id, map[string]any{"forwarding_allowed": true})
	p, err := ben.CreatePackage(t.Context(), api.PackageCreate{Title: "Yak one",
		Recipients: []api.RecipientName{{Name: "Yak desk " + ada.login, RecipientType: "shared_inbox"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.released(t, ben, p, map[string]string{"a.txt": "12345"})
	w.downloaded(t, cleo, p)

	b := w.open(t)
	b.logIn(cleo, "/packages/received")
	b.sees("No packages yet")
	b.press("Yak desk " + ada.login) // in the menu
	b.at("/packages/inboxes/" + inbox)
	b.heading("Yak desk " + ada.login)
	b.checkPage("the mailbox of a shared inbox")
	b.press("Yak one")
	b.at("/packages/inboxes/" + inbox + "/" + p.ID)
	b.misses("Archive for all members", "Delete for everyone")
	b.press("Forward")
	b.heading("Forward package")
	b.until("have the title", `document.querySelector('#title').value === 'Yak one'`)
	b.enter("#recipients", ben.login+",")
	b.until("know Ben", kinds+`.includes('known user Ben Submits')`)
	b.press("More options")
	value[any](b, `{const e = document.querySelector('#release'); e.focus(); e.value = 'later'; e.dispatchEvent(new Event('change', {bubbles: true}))}`)
	b.checkPage("a package that is forwarded")
	b.press("Forward")
	f := b.sentPackage(cleo, "Yak one")
	b.sees("Held for release", "Release now")
	if f.ReleasePolicy != "later" || f.ID == p.ID || f.TotalFiles != 1 {
		t.Errorf("forwarded: %+v", f)
	}
	b.clean()

	s := w.open(t)
	s.logIn(ben, "/packages/sent/"+p.ID)
	s.sees("(shared inbox)", "Cleo Reads")
	s.misses("Yak desk " + ada.login + "\nYak desk") // who may only submit has no mailbox of it
	s.press("Show every download")
	s.sees("The whole package")
	s.checkPage("a package with its downloads")
	s.clean()

	a := w.open(t)
	a.logIn(ada, "/packages/inboxes/"+inbox+"/"+p.ID)
	a.press("Archive for all members")
	a.sees("It leaves the lists of all members")
	a.confirm("Archive for all members")
	a.toast("was archived for all members")
	a.at("/packages/inboxes/" + inbox)
	a.sees("No packages yet")
	a.goTo("/packages/inboxes/" + inbox + "?history=all")
	a.sees("Yak one")
	a.press("Yak one")
	a.press("Delete for everyone")
	a.confirm("Delete for everyone")
	a.toast("is being deleted")
	a.clean()
})

// confirm presses a button of the dialog that is open.
func (b *tab) confirm(text string) {
	b.t.Helper()
	b.dialog()
	value[any](b, `[...document.querySelectorAll('.cds--modal.is-visible button')].find(e => e.innerText.trim() === `+
		quote(text)+`).click()`)
}
