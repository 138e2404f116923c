package browser_test

import (
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
)

// faspex-D12 (the page): events are found by their kind, and how long each kind is kept is set there.
var _ = journey("admin events", func(t *testing.T, w *world) {
	root := w.anAdmin(t, "Ada", "Root")
	if err := w.in.Store.AddApplicationEvent(t.Context(), store.ApplicationEvent{Type: store.LoginFailed,
		Application: "faspex", Address: "192.0.2.77", CreatedAt: time.Now().AddDate(0, 0, -20)}); err != nil {
		t.Fatal(err)
	}
	b := w.open(t)
	b.logIn(root, "/admin/events")
	b.heading("Events")
	b.sees("Ada Root", "Login", "192.0.2.77")
	b.checkPage("the events")
	b.option("#event-type", "login_failed")
	b.at("/admin/events?type=login_failed")
	b.sees("192.0.2.77")
	b.misses("Ada Root\t")
	b.press("How long events are kept")
	b.heading("How long events are kept")
	b.checkPage("how long events are kept")
	b.option("#event_type", "login_failed")
	b.until("see what holds", `document.getElementById('duration').value === '365'`)
	b.replace("#duration", "30")
	b.press("Save")
	b.toast("The rule was saved")
	var policies struct {
		List []struct {
			Duration int `json:"duration"`
		} `json:"events_purge_policies"`
	}
	if w.read(t, "/events_purge_policies?event_type=login_failed", &policies); policies.List[0].Duration != 30 {
		t.Errorf("stored: %+v", policies)
	}
	b.replace("#days", "10")
	b.press("Forget them")
	b.sees("Forget these events for good?")
	b.use("Forget them")
	b.toast("1 events were removed")
	b.clean()
})

// faspex-A12, faspex-A13 (the page): a required property is asked for when a user is added.
var _ = journey("admin properties", func(t *testing.T, w *world) {
	root := w.anAdmin(t, "Ada", "Root")
	b := w.open(t)
	b.logIn(root, "/admin/user-properties")
	b.heading("User properties")
	b.checkPage("no properties")
	b.enter("#name", "Department")
	b.click("#required")
	b.press("Add property")
	b.toast("The property was added")
	b.checkPage("a property")
	b.goTo("/admin/users/new")
	b.sees("Department")
	b.enter("#email", "dora.new@example.com")
	b.enter("#first_name", "Dora")
	b.enter("#last_name", "New")
	b.press("Add user")
	b.until("be told at the field", `document.activeElement.labels?.[0]?.innerText.includes('Department')`)
	b.keys("Sound")
	b.press("Add user")
	b.heading("Dora New")
	var account struct {
		Data []struct {
			Name, Value string
		} `json:"user_profile_data_attributes"`
	}
	id := w.accountOf(t, "dora.new@example.com").ID
	if w.read(t, "/accounts/"+id+"?expand=true", &account); len(account.Data) != 1 || account.Data[0].Value != "Sound" ||
		!strings.EqualFold(account.Data[0].Name, "department") {
		t.Errorf("stored: %+v", account)
	}
	b.goTo("/admin/user-properties")
	b.click(".folders button")
	b.press("Remove")
	b.sees("Remove the property")
	b.use("Remove")
	b.toast("The property was removed")
	b.clean()
})
