package service_test

import (
	"net/http"
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/test/faspextest"
)

// faspex-D12: events of each type are kept as long as the policy of that type says, 365 days by default, and for ever
// where it is not active.
func TestEventsArePurgedByType(t *testing.T) {
	p := &post{in: faspextest.Start(t, nil), clock: &clock{now: time.Now()}}
	set := func(id string, policy map[string]any) {
		t.Helper()
		if status, body := p.call(t, p.in.Admin, "PUT", "/events_purge_policies/"+id, policy); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	left := func(of string) int {
		t.Helper()
		_, n, err := p.in.Store.ApplicationEvents(t.Context(), store.ApplicationEventFilter{Types: []string{of},
			To: time.Now().AddDate(0, 0, -1)}, store.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, of := range []string{store.LoginFailed, store.LogoutSuccess, store.PasswordChange} {
		for _, days := range []int{10, 400} {
			if err := p.in.Store.AddApplicationEvent(t.Context(), store.ApplicationEvent{Type: of, Application: "faspex",
				CreatedAt: time.Now().AddDate(0, 0, -days)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	set("3", map[string]any{"duration": 5})   // login_failed
	set("1", map[string]any{"active": false}) // logout_success
	p.clock.advance(2 * time.Hour)
	p.work(t)
	for of, want := range map[string]int{store.LoginFailed: 0, store.LogoutSuccess: 2, store.PasswordChange: 1} {
		if got := left(of); got != want {
			t.Errorf("%s: %d left, want %d", of, got, want)
		}
	}
}
