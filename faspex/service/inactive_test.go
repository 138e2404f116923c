package service_test

import (
	"net/http"
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/test/faspextest"
)

// faspex-B4, faspex-B5: with the option on, accounts without a login for 30 days become inactive, and with the second
// option they are removed after 60, SAML accounts by their own figure, but admins never are.
func TestInactiveUsersRest(t *testing.T) {
	p := &post{in: faspextest.Start(t, nil), clock: &clock{now: time.Now()}}
	p.in.User(t, "Bob", "Recipient", "")
	p.in.User(t, "Ina", "Silent", "")
	if status, body := p.call(t, p.in.Admin, "POST", "/accounts", map[string]any{"name": "sam@example.com", "first_name": "Sam",
		"last_name": "El", "email": "sam@example.com", "type": "saml_user"}); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	bob, err := p.in.Store.AccountByLogin(t.Context(), "bob@example.com")
	if err != nil {
		t.Fatal(err)
	}
	set := func(fields map[string]any) {
		t.Helper()
		if err := p.in.Admin.Configure(t.Context(), fields); err != nil {
			t.Fatal(err)
		}
	}
	status := func(login string) string {
		t.Helper()
		p.work(t)
		a, err := p.in.Store.AccountByLogin(t.Context(), login)
		if err != nil {
			return "gone"
		}
		return a.Status
	}
	p.clock.advance(31 * 24 * time.Hour)
	if got := status("ina@example.com"); got != store.AccountActive {
		t.Errorf("without the option: %s", got)
	}
	if err := p.in.Store.TouchLogin(t.Context(), bob.ID, p.clock.Now(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	set(map[string]any{"deactivate_inactive_users": true})
	p.clock.advance(2 * time.Hour)
	for login, want := range map[string]string{"ina@example.com": store.AccountInactive, "bob@example.com": store.AccountActive,
		faspextest.AdminName: store.AccountActive} {
		if got := status(login); got != want {
			t.Errorf("after 31 days, %s: %s, want %s", login, got, want)
		}
	}
	p.clock.advance(31 * 24 * time.Hour)
	if got := status("ina@example.com"); got != store.AccountInactive {
		t.Errorf("without the second option: %s", got)
	}
	set(map[string]any{"remove_inactive_users": true})
	p.clock.advance(2 * time.Hour)
	for login, want := range map[string]string{"ina@example.com": "gone", "bob@example.com": store.AccountInactive,
		faspextest.AdminName: store.AccountActive, "sam@example.com": store.AccountActive} {
		if got := status(login); got != want {
			t.Errorf("after 62 days, %s: %s, want %s", login, got, want)
		}
	}
	set(map[string]any{"remove_inactive_saml_users": true, "saml_user_removal_inactive_days": 70})
	for days, want := range []string{store.AccountActive, "gone"} {
		p.clock.advance(time.Duration(2+days*10*24) * time.Hour)
		if got := status("sam@example.com"); got != want {
			t.Errorf("SAML account: %s, want %s", got, want)
		}
	}
}
