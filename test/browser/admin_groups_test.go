package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"faspex.io/operator/faspex/api"
)

// setTo puts a value into a list to choose from, as a person who uses it.
func (b *tab) setTo(id, value_ string) {
	b.t.Helper()
	b.until("find "+id, `document.getElementById(`+quote(id)+`)`)
	value[any](b, `{const e = document.getElementById(`+quote(id)+`); e.focus(); e.value = `+quote(value_)+
		`; e.dispatchEvent(new Event('change', {bubbles: true}))}`)
}

// page-82, page-90 (an administrator's inbox): members are added by keys alone, given one of the three levels, and
// removed, and with the next click each sees what the level lets them see. page-85: what another admin stored meanwhile
// is told, and nothing typed is lost.
var _ = journey("admin groups", func(t *testing.T, w *world) {
	root := w.anAdmin(t, "Ada", "Root")
	ben, cleo := w.person(t, "Ben", "Member"), w.person(t, "Cleo", "Keeper")
	name := "Walrus desk " + root.login
	b := w.open(t)
	b.logIn(root, "/admin/shared-inboxes")
	b.heading("Shared inboxes")
	b.use("Create shared inbox")
	b.heading("Create shared inbox")
	b.use("Create")
	b.until("be at the field that is needed", `document.activeElement.id === 'name'`)
	b.keys(name)
	b.use("Create")
	b.heading(name)
	b.sees("No members")
	b.checkPage("a shared inbox")
	inbox := value[string](b, `location.pathname.split('/').pop()`)

	b.typeInto("People to add", ben.login+",")
	b.until("know Ben", kinds+` === 'known user Ben Member'`)
	b.setTo("add-access", "submit_only")
	b.sees("sees no packages")
	b.use("Add")
	b.toast("1 member was added")
	b.sees("Ben Member")
	b.startTop()
	b.typeInto("People to add", "nobody@example.org,")
	b.use("Add")
	b.sees("Remove or correct who is not known here.")
	b.press("Remove \u2068nobody@example.org\u2069")
	b.startTop()
	b.typeInto("People to add", cleo.login+",")
	b.until("know Cleo", kinds+` === 'known user Cleo Keeper'`)
	b.setTo("add-access", "shared_inbox_admin")
	b.use("Add")
	b.sees("Cleo Keeper")

	p, err := ben.CreatePackage(t.Context(), api.PackageCreate{Title: "For the desk",
		Recipients: []api.RecipientName{{Name: name, RecipientType: "shared_inbox"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.released(t, ben, p, map[string]string{"a.txt": "1"})
	mailbox := "/packages/inboxes/" + inbox
	m := w.open(t)
	m.logIn(ben, mailbox)
	m.sees("You may send to this shared inbox, and not see its packages.")
	c := w.open(t)
	c.logIn(cleo, mailbox)
	c.sees("For the desk")

	b.setTo("access-"+ben.id, "standard")
	b.toast("Standard")
	m.goTo(mailbox)
	m.sees("For the desk")
	b.use("Actions for \u2068Ben Member\u2069")
	b.press("Remove")
	b.confirm("Remove")
	b.toast("was removed")
	m.goTo(mailbox)
	m.sees("The group could not be loaded.")
	m.clean("403", "404")

	// Its own admin, who is none of the server, reaches members and settings from the mailbox, and not what is not for them.
	c.press("Members and settings")
	c.heading(name)
	c.until("change no name", `document.querySelector('#name').readOnly`)
	c.misses("Where its files lie", "Delete the shared inbox")
	c.clean()

	// Two admins.
	b.startTop()
	b.tabTo("Instructions for senders")
	b.keys("Mine")
	w.call(t, root, http.MethodPut, "/shared_inboxes/"+inbox, map[string]any{"save_metadata_to_file": true})
	b.use("Save")
	b.sees("Somebody else changed this", "Save metadata to a file: Off → On")
	b.use("Save")
	b.toast("The settings were saved")
	got := w.call(t, root, http.MethodGet, "/shared_inboxes/"+inbox, nil)
	if got["submitters_instructions"] != "Mine" || got["save_metadata_to_file"] != true {
		t.Errorf("after both changes: %v", got)
	}

	b.startTop()
	b.use("Delete")
	b.sees("1 active member loses its packages.")
	b.use("Delete")
	b.toast("was deleted")
	b.at("/admin/shared-inboxes")
	b.clean("412")
})

// page-72: a CSV with its columns in any order, quotes, umlauts and 1,000 lines is imported, and faulty lines are listed
// with their numbers. AE6: the lists are the person's own.
var _ = journey("distribution lists", func(t *testing.T, w *world) {
	ada := w.person(t, "Ada", "Sender")
	b := w.open(t)
	b.logIn(ada, "/account/lists")
	b.heading("Distribution lists")
	b.sees("No lists")
	b.checkPage("no lists")
	b.press("Create list")
	b.heading("Create list")
	b.enter("#name", "Press <b>corps")
	b.press("Create")
	b.heading("Press <b>corps")
	b.sees("Nobody is on the list")

	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	lines := []string{"phone,Name,EMAIL"}
	for i := range 1000 {
		lines = append(lines, fmt.Sprintf(`%d,"Müller, ""Jörg"" %d", m%d@example.org`, i, i, i))
	}
	faulty := append([]string{}, lines...)
	faulty[6], faulty[500] = `5,"Nobody",`, `499,`+strings.Repeat("n", 300)+`,x@example.org`
	b.choose("#list-file", write("faulty.csv", strings.Join(faulty, "\n")))
	b.sees("The file was not imported", "2 lines of the file are faulty", "Line 7 has no e-mail address.", "Line 501 is too long.",
		"Nobody is on the list")
	b.checkPage("faulty lines")
	b.choose("#list-file", write("right.csv", "\ufeff"+strings.Join(lines, "\r\n")))
	b.toast("1,000 people were added")
	b.sees("m0@example.org", "Müller, \"Jörg\" 0")
	b.misses("Line 7")

	// People are typed as well, and taken off.
	b.enter("#list-typed", "eve@example.org\n"+ada.login)
	b.press("Add")
	b.toast("2 people were added")
	b.goTo(value[string](b, `location.pathname.slice(`+fmt.Sprint(len(base))+`)`) + "?q=eve%40")
	b.sees("eve@example.org")
	b.use("Actions for \u2068eve@example.org\u2069")
	b.press("Take off the list")
	b.toast("Off the list")
	// Lists of everybody's that other journeys make are among them.
	all := w.call(t, ada, http.MethodGet, "/account/distribution_lists", nil)["distribution_lists"].([]any)
	own := slices.IndexFunc(all, func(list any) bool { return list.(map[string]any)["name"] == "Press <b>corps" })
	if own < 0 {
		t.Fatalf("the list is not among %d", len(all))
	}
	if got := len(all[own].(map[string]any)["contacts"].([]any)); got != 1001 {
		t.Errorf("a list with %d people", got)
	}
	b.clean("400")
})

// page-83: the fields of a profile appear in the send form in the saved order with their rules, and the values in the
// package, its sidecar file and the API.
var _ = journey("metadata profiles", func(t *testing.T, w *world) {
	root, ada := w.anAdmin(t, "Rea", "Root"), w.person(t, "Ada", "Sender")
	name := "Heron " + root.login
	b := w.open(t)
	b.logIn(root, "/admin/metadata/new")
	b.heading("Create profile")
	b.typeInto("Name", name)
	for i, field := range []string{"Shelf", "Genre"} {
		b.use("Add field")
		b.until("be at the new field", fmt.Sprintf(`document.activeElement.id === 'field-%d-name'`, i))
		b.keys(field)
	}
	b.setTo("field-1-type", "option_list")
	b.use("Create")
	b.sees("Field 2 needs choices.")
	b.axe("a profile that is not right")
	b.enter("#field-1-choices", "Drama\nNews")
	value[any](b, `document.querySelector('#field-1-require').click()`)
	b.use("Move \u2068Genre\u2069 up")
	b.until("stay at the field that moved", `document.activeElement.id === 'field-0-name' || document.activeElement.id === 'field-0-up'`)
	b.use("Create")
	b.heading(name)
	b.toast("The profile was created")
	b.checkPage("a profile")
	id := value[string](b, `location.pathname.split('/').pop()`)
	b.clean()
	w.group(t, "shared_inboxes", map[string]any{"name": name, "metadata_profile_id": id, "save_metadata_to_file": true},
		map[string][]person{"standard": {ada}})

	s := w.open(t)
	s.logIn(ada, "/packages/new")
	s.enter("#recipients", name+",")
	s.until("see the fields in the saved order",
		`[...document.querySelectorAll('[id^=metadata-]')].map(e => e.labels[0]?.innerText).join() === 'Genre,Shelf (optional)'`)
	s.enter("#title", "Nesting")
	s.press("Create it and send the files with ascp")
	s.sees("This is needed.")
	s.setTo("metadata-0", "Drama")
	s.enter("#metadata-1", "<top>")
	s.press("Create it and send the files with ascp")
	p := s.sentPackage(ada, "Nesting")
	s.sees("Genre\nDrama", "Shelf\n<top>")
	w.released(t, ada, p, map[string]string{"a.txt": "1"})
	if m, _ := json.Marshal(w.call(t, ada, http.MethodGet, "/packages/"+p.ID, nil)["metadata"]); string(m) !=
		`{"Genre":"Drama","Shelf":"\u003ctop\u003e"}` {
		t.Errorf("the API has %s", m)
	}
	sidecar, err := os.ReadFile(filepath.Join(w.atNode(p), "aspera-metadata.xml"))
	if err != nil || !strings.Contains(string(sidecar), "Drama") || !strings.Contains(string(sidecar), "&lt;top&gt;") {
		t.Errorf("the sidecar file: %s, %v", sidecar, err)
	}
	s.clean()
})

// page-78: the content of old packages is freed after a dialog that says how many they are and how large, with progress
// that survives navigation.
var _ = journey("free space", func(t *testing.T, w *world) {
	root, ada := w.anAdmin(t, "Ada", "Root"), w.person(t, "Ben", "Sender")
	old := w.sent(t, ada, "Old", ada)
	w.uploaded(t, ada, old, map[string]string{"a.txt": strings.Repeat("x", 2048)})
	id, err := strconv.ParseInt(old.ID, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.in.Store.Released(t.Context(), id, time.Now().AddDate(-20, 0, 0)); err != nil {
		t.Fatal(err)
	}
	w.service(t, "long-ago-"+old.ID)
	b := w.open(t)
	b.logIn(root, "/admin/free-space")
	b.heading("Free up space")
	b.checkPage("free space")
	b.replace("#days", "36500")
	b.use("Look what there is")
	b.sees("No package was released more than 36500 days ago.")
	b.startTop()
	b.replace("#days", "7000")
	b.use("Look what there is")
	b.sees("Delete the files of 1 package?", "1 package with 2.0\u00a0KiB is deleted.", "more than 7,000 days ago")
	b.axe("the question")
	b.keys(kb.Escape)
	b.noDialog()
	b.use("Look what there is")
	b.confirm("Delete files")
	b.toast("1 package is being deleted")
	b.until("see the progress", `document.querySelector('[data-testid=space-progress] [role=progressbar]')`)
	b.checkPage("the progress")
	b.press("Users")
	b.heading("Users")
	b.press("Free up space")
	b.sees("1 package left.")
	w.service(t, "free-"+old.ID)
	b.sees("The files are deleted")
	if _, err := os.Stat(filepath.Join(w.atNode(old), "a.txt")); !os.IsNotExist(err) {
		t.Errorf("the file is there still: %v", err)
	}
	b.clean()
})

// page-89, page-94, page-95: the pages of groups, lists, profiles and space in every state.
var _ = journey("routes of groups", func(t *testing.T, w *world) {
	root := w.anAdmin(t, "Ada", "Root")
	name := func(s string) string { return s + " <b>\u202e" + root.login }
	desk := w.group(t, "shared_inboxes", map[string]any{"name": name("Desk")}, map[string][]person{"standard": {root}})
	crew := w.group(t, "workgroups", map[string]any{"name": name("Crew")}, map[string][]person{"workgroup_admin": {root}})
	list := func(kind string) string {
		return w.call(t, root, http.MethodPost, "/account/distribution_lists", map[string]any{"name": name(kind), "type": kind,
			"contacts": []any{map[string]any{"name": "a@example.org"}}})["id"].(string)
	}
	profile := w.call(t, root, http.MethodPost, "/configuration/metadata_profiles", map[string]any{"name": name("Profile"),
		"fields": []any{map[string]any{"name": "Genre", "type": "option_list", "require": true, "ordering": 1, "choices": []string{"News"}},
			map[string]any{"name": "Day", "type": "date_field", "require": false, "ordering": 2}}})["id"].(string)
	w.inEveryState(t, root, []route{
		{"/admin/workgroups", "Workgroups"},
		{"/admin/workgroups/" + crew, name("Crew")},
		{"/admin/shared-inboxes", "Shared inboxes"},
		{"/admin/shared-inboxes/new", "Create shared inbox"},
		{"/admin/shared-inboxes/" + desk, name("Desk")},
		{"/admin/distribution-lists/" + list("global"), name("global")},
		{"/account/lists", "Distribution lists"},
		{"/account/lists/" + list("personal"), name("personal")},
		{"/admin/metadata", "Metadata profiles"},
		{"/admin/metadata/" + profile, name("Profile")},
		{"/admin/free-space", "Free up space"},
	})
})
