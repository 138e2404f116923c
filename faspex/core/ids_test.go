package core_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// faspex-AI2: ids are text in every answer, and taken as text or as a number in bodies; what is neither is refused.
func TestIDsAreTextOrNumbers(t *testing.T) {
	x := newExchange(t)
	send := func(recipient any) api.Package {
		t.Helper()
		status, _, body := x.call(t, x.alice, "POST", "/api/v5/packages", map[string]any{"title": "x",
			"recipients": []any{map[string]any{"name": "bob", "id": recipient}}, "notified_on_upload": []any{
				map[string]any{"name": "bob", "id": recipient}}})
		if status != http.StatusCreated {
			t.Fatalf("recipient with the id %v: %d %s", recipient, status, body)
		}
		return jsonOf[api.Package](t, body)
	}
	first, second, third := send(256), send("256"), send(nil)
	x.deliver(t, third.ID)
	number := func(id string) json.RawMessage { return json.RawMessage(id) }
	for _, path := range []string{"/api/v5/accounts?expand=true", "/api/v5/nodes?expand=true", "/api/v5/shared_folders",
		"/api/v5/all/packages", "/api/v5/packages/" + third.ID, "/api/v5/contacts", "/api/v5/account",
		"/api/v5/configuration"} {
		_, _, body := x.call(t, x.admin, "GET", path, nil)
		if n := textIDs(t, path, jsonOf[any](t, body)); n == 0 {
			t.Errorf("%s has no ids: %s", path, body)
		}
	}
	for _, ids := range [][]any{{1.5}, {true}, {map[string]any{"id": first.ID}}, {"x"}} {
		if status, _, body := x.call(t, x.alice, "DELETE", "/api/v5/packages", map[string]any{"ids": ids}); status < 400 ||
			status >= 500 {
			t.Errorf("ids %v: %d %s", ids, status, body)
		}
	}
	if status, _, body := x.call(t, x.alice, "DELETE", "/api/v5/packages",
		map[string]any{"ids": []any{number(first.ID), second.ID}}); status != http.StatusNoContent {
		t.Errorf("packages: %d %s", status, body)
	}
	if got := titles(t, x.alice, "outbox"); got != "x:completed x:deleting x:deleting" {
		t.Errorf("outbox: %s", got)
	}
	if status, _, body := x.call(t, x.admin, "DELETE", "/api/v5/accounts",
		map[string]any{"ids": []any{number(x.idOf(t, "carol")), x.idOf(t, "david")}}); status != http.StatusNoContent {
		t.Errorf("accounts: %d %s", status, body)
	}
}

// textIDs complains of ids within an answer that are no text, and counts the others.
func textIDs(t *testing.T, where string, v any) (n int) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += textIDs(t, where, item)
		}
	case map[string]any:
		for name, value := range v {
			if name == "id" || strings.HasSuffix(name, "_id") {
				if _, text := value.(string); !text && value != nil {
					t.Errorf("%s: %s is %v", where, name, value)
				}
				n++
			}
			n += textIDs(t, where, value)
		}
	}
	return n
}
