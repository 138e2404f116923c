package core_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
)

// TestEveryAnswerIsGuarded: every answer of the API is stored by nobody and can load nothing, also those that are none
// of an operation.
func TestEveryAnswerIsGuarded(t *testing.T) {
	in := install(t)
	for path, c := range map[string]*client.Client{
		"/api/v5/account": in.admin, "/api/v5/packages": in.admin, "/api/v5/account/preferences": nil,
		"/api/v5/nothing": in.admin, "/health": nil,
		"/api/v5/openapi.json": nil, "/auth/oauth_clients": in.admin, "/auth/token": nil, "/api/v5/packages/99": in.admin,
		"/api/v5/packages?sort=odd": in.admin,
	} {
		status, header, _ := in.call(t, c, "GET", path, nil)
		if header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(header.Get("Content-Security-Policy"),
			"default-src 'none'") ||
			header.Get("X-Content-Type-Options") != "nosniff" || header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v", path, status, header)
		}
	}
}

// page-47 (the server's part): what has not changed since it was read costs no body, and what has is told.
func TestUnchangedAnswersHaveNoBody(t *testing.T) {
	x := newExchange(t)
	ask := func(path, known string) *http.Response {
		t.Helper()
		token, err := x.alice.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), "GET", x.url+core.Base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		if known != "" {
			req.Header.Set("If-None-Match", known)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	for _, path := range []string{"/api/v5/outbox/packages", "/api/v5/account", "/api/v5/contacts/"} {
		first := ask(path, "")
		tag := first.Header.Get("ETag")
		if first.StatusCode != 200 || tag == "" {
			t.Fatalf("%s: %d, tag %q", path, first.StatusCode, tag)
		}
		for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			if again := ask(path, known); again.StatusCode != 304 || again.ContentLength > 0 || again.Header.Get("ETag") != tag {
				t.Errorf("%s with %s: %d", path, known, again.StatusCode)
			}
		}
	}
	tag := ask("/api/v5/outbox/packages", "").Header.Get("ETag")
	if _, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "new", Recipients: to("bob")}); err != nil {
		t.Fatal(err)
	}
	if res := ask("/api/v5/outbox/packages", tag); res.StatusCode != 200 {
		t.Errorf("after a change: %d", res.StatusCode)
	}
	if res := ask("/api/v5/packages/999", "*"); res.StatusCode != 404 || res.Header.Get("ETag") != "" {
		t.Errorf("an error: %d %v", res.StatusCode, res.Header)
	}
}

// page-91 (the server's part): what is wrong with a request is told by field, all of it at once.
func TestProblemsNameTheirFields(t *testing.T) {
	x := newExchange(t)
	for name, test := range map[string]struct {
		who          *client.Client
		method, path string
		body         any
		want         []string
	}{
		"validation": {x.alice, "POST", "packages", map[string]any{"title": "", "recipients": []any{}},
			[]string{"body.recipients", "body.title"}},
		"missing": {x.alice, "POST", "packages", map[string]any{"note": "x"}, []string{"body.recipients", "body.title"}},
		"deep": {x.alice, "POST", "packages", map[string]any{"title": "x", "recipients": []any{map[string]any{"name": 7}}},
			[]string{"body.recipients[0].name"}},
		"query": {x.alice, "GET", "outbox/packages?limit=0&sort=x", nil, []string{"query.limit", "query.sort"}},
		"unknown recipients": {x.alice, "POST", "packages",
			map[string]any{"title": "x", "recipients": []any{map[string]any{"name": "bob"}, map[string]any{"name": "nn1"}},
				"private_recipients": []any{map[string]any{"name": "nn2"}}},
			[]string{"body.recipients[1].name", "body.private_recipients[0].name"}},
		"blank title": {x.alice, "POST", "packages", map[string]any{"title": " ", "recipients": to("bob")},
			[]string{"body.title"}},
		"release date": {x.alice, "POST", "packages",
			map[string]any{"title": "x", "recipients": to("bob"), "release_policy": "on_date"}, []string{"body.release_date"}},
		"odd date": {x.alice, "POST", "packages",
			map[string]any{"title": "x", "recipients": to("bob"), "expiration_date": "soon"}, []string{"body.expiration_date"}},
		"weak password": {x.alice, "PUT", "account/preferences",
			map[string]any{"password": map[string]any{"current_password": "x", "new_password": "xxxxxx",
				"confirm_password": "xxxxxx"}}, []string{"body.password.new_password"}},
		"other password": {x.alice, "PUT", "account/preferences",
			map[string]any{"password": map[string]any{"current_password": "x", "new_password": "xxx-11",
				"confirm_password": "xxxxxx"}}, []string{"body.password.confirm_password"}},
		"odd key": {x.alice, "PUT", "account/preferences", map[string]any{"public_key": "x"},
			[]string{"body.public_key"}},
		"e-mail of others": {x.admin, "POST", "accounts",
			map[string]any{"name": "n", "first_name": "A", "last_name": "B", "email": "bob@example.com"}, []string{"body.email"}},
		"account name": {x.admin, "POST", "accounts",
			map[string]any{"name": "bob", "first_name": "A", "last_name": "B", "email": "n@example.com"}, []string{"body.name"}},
		"account fields": {x.admin, "POST", "accounts", map[string]any{"name": "n"},
			[]string{"body.email", "body.first_name", "body.last_name"}},
		"node fields": {x.admin, "POST", "nodes", map[string]any{"name": "n", "host": "h", "api_port": 1,
			"api_username": "u", "use_ssl": true, "verify_ssl": true, "node_type": "gen4_node"}, []string{"body.api_password"}},
		"no fields": {x.alice, "GET", "packages/999", nil, nil},
	} {
		_, _, body := x.call(t, test.who, test.method, "/api/v5/"+test.path, test.body)
		var got []string
		for _, e := range jsonOf[api.Error](t, body).Errors {
			got = append(got, e.Location)
			if e.Message == "" {
				t.Errorf("%s: %s has no message", name, e.Location)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s%s", name, diff, body)
		}
	}
}
