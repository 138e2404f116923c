package service_test

import (
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/test/faspextest"
)

// faspex-B5: with the option on, accounts without a login for 30 days become inactive, and with the second option they are
// removed after 60, but admins never are.
func TestInactiveUsersRest(t *testing.T) {
	p := &post{in: faspextest.Start(t, nil), clock: &clock{now: time.Now()}}
	p.in.User(t, "Bob", "Recipient", "")
	p.in.User(t, "Ina", "Silent", "")
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
		faspextest.AdminName: store.AccountActive} {
		if got := status(login); got != want {
			t.Errorf("after 62 days, %s: %s, want %s", login, got, want)
		}
	}
}
