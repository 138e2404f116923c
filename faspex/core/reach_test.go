package core_test

import (
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// found lists the login names that a search of contacts gives.
func (in *installation) found(t *testing.T, c *client.Client, query string) string {
	t.Helper()
	_, _, body := in.call(t, c, "GET", "/api/v5/contacts?q="+query, nil)
	var names []string
	for _, contact := range jsonOf[struct{ Contacts []api.Contact }](t, body).Contacts {
		names = append(names, contact.Name)
	}
	return strings.Join(names, " ")
}

// sends reports the status and the answer of a package to somebody.
func (in *installation) sends(t *testing.T, c *client.Client, to string) (int, string) {
	t.Helper()
	status, _, body := in.call(t, c, "POST", "/api/v5/packages",
		map[string]any{"title": "x", "recipients": []any{map[string]any{"name": to}}})
	return status, body
}

func (in *installation) set(t *testing.T, id string, fields map[string]any) {
	t.Helper()
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+id, fields); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
}

func (in *installation) idOf(t *testing.T, name string) string {
	t.Helper()
	all, err := in.admin.Accounts(t.Context(), name)
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %d accounts, %v", name, len(all), err)
	}
	return all[0].ID
}

// faspex-I2, faspex-I3, faspex-I15, faspex-I16: search and sending have one rule; with "send to all" of the server or of
// the account every active user is a contact; default follows the server; and a change holds from the next call on.
func TestSearchAndSendingAgree(t *testing.T) {
	x := newExchange(t)
	ulf := x.user(t, "ulf", "user")
	x.user(t, "eva", "user")
	id := x.idOf(t, "ulf")
	for _, step := range []struct {
		name    string
		server  any
		account string
		reached bool
	}{
		{"by default", nil, "default", false},
		{"server", true, "default", true},
		{"server, account denied", true, "false", false},
		{"account alone", false, "true", true},
		{"back to the server's no", false, "default", false},
		{"back to the server's yes", true, "default", true},
	} {
		x.configure(t, map[string]any{"users_can_send_to_all_faspex_users": step.server})
		x.set(t, id, map[string]any{"can_send_to_all_faspex_users": step.account})
		if got := x.found(t, ulf, "eva") == "eva"; got != step.reached {
			t.Errorf("%s: found %v, want %v", step.name, got, step.reached)
		}
		status, body := x.sends(t, ulf, "eva")
		if got := status == http.StatusCreated; got != step.reached {
			t.Errorf("%s: sent %d %s", step.name, status, body)
		}
		if !step.reached {
			_, nobody := x.sends(t, ulf, "nobody")
			if strings.ReplaceAll(nobody, "nobody", "eva") != body && !strings.Contains(body, "Nobody here is named") {
				t.Errorf("%s: somebody out of reach is told: %s", step.name, body)
			}
		}
	}
	x.set(t, x.idOf(t, "eva"), map[string]any{"account_activated": false})
	if got := x.found(t, ulf, "eva"); got != "" {
		t.Errorf("an inactive user is found: %s", got)
	}
	if status, _ := x.sends(t, ulf, "eva"); status != http.StatusBadRequest {
		t.Errorf("sent to an inactive user: %d", status)
	}
}

// With "normal packages" off nobody can be sent to.
func TestNormalPackagesOff(t *testing.T) {
	x := newExchange(t)
	ulf := x.user(t, "ulf", "user")
	x.set(t, x.idOf(t, "ulf"), map[string]any{"can_send_normal_packages": "false"})
	if got := x.found(t, ulf, ""); got != "" {
		t.Errorf("found %s", got)
	}
	if status, body := x.sends(t, ulf, "ulf"); status != http.StatusForbidden || !strings.Contains(body, "normal_packages_not_allowed") {
		t.Errorf("%d %s", status, body)
	}
}

// With a private directory people are found by their whole name or address, and not listed.
func TestPrivateDirectory(t *testing.T) {
	x := newExchange(t)
	ulf := x.user(t, "ulf", "user")
	x.user(t, "eva", "user")
	x.configure(t, map[string]any{"private_user_dir": true})
	for query, want := range map[string]string{"": "", "ev": "", "eva": "eva", "eva@example.com": "eva", "Test+eva": "eva", "%25": ""} {
		if got := x.found(t, ulf, query); got != want {
			t.Errorf("%q: found %q, want %q", query, got, want)
		}
	}
	if status, body := x.sends(t, ulf, "eva"); status != http.StatusCreated {
		t.Errorf("%d %s", status, body)
	}
	x.set(t, x.idOf(t, "ulf"), map[string]any{"hide_user_dir": "false"})
	if got := x.found(t, ulf, "ev"); got != "eva" {
		t.Errorf("the account's own word: %q", got)
	}
}
