package core_test

import (
	"net/http"
	"testing"

	"faspex.io/operator/faspex/api"
)

// The calls that the guide names for old integrations, as it spells them, odd ones among them (AI1 has those of
// SAML as well).
func TestSpellingsOfTheGuide(t *testing.T) {
	x := newExchange(t)
	inbox := x.groupOf(t, "/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"alice": "shared_inbox_admin"})
	group := x.groupOf(t, "/workgroups", map[string]any{"name": "Editors"}, map[string]string{"alice": "standard"})
	create := func() string {
		p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: to("bob")})
		if err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	id, other := create(), create()
	x.deliver(t, id)
	list := x.answered(t, x.alice, 201, "POST", "/account/distribution_lists", map[string]any{"name": "Press", "contacts": []any{}})["id"].(string)
	x.answered(t, x.admin, 201, "POST", "/configuration/metadata_profiles", map[string]any{"name": "Usual", "default": true, "fields": []any{}})
	node := x.answered(t, x.admin, 200, "GET", "/nodes", nil)["nodes"].([]any)[0].(map[string]any)["id"].(string)
	for _, call := range []struct {
		method, path string
		body         any
		want         int
	}{
		{"GET", "/packages/", nil, 200}, {"GET", "/all/packages/", nil, 200}, {"GET", "/packages?q=alice", nil, 200},
		{"GET", "/inbox/packages", nil, 200}, {"GET", "/outbox/packages/", nil, 200}, {"GET", "/pending/packages", nil, 200},
		{"GET", "/package/" + id, nil, 200}, {"GET", "/package/" + id + "/", nil, 200},
		{"PUT", "/package/" + other, map[string]any{"release_policy": "later"}, 200},
		{"POST", "/packages/" + id + "/upload_details", map[string]any{}, 200},
		{"POST", "/packages/" + id + "/download_details", map[string]any{}, 200},
		{"POST", "/packages/" + id + "/transfer_spec/download?transfer_type=http_gateway&type=received", map[string]any{}, 200},
		{"GET", "/shared_inbox/" + inbox + "/packages", nil, 200}, {"GET", "/shared_inboxes/" + inbox, nil, 200},
		{"GET", "/shared_inboxes/" + inbox + "/members", nil, 200}, {"GET", "/workgroups/" + group + "/members", nil, 200},
		{"GET", "/configuration/metadata_profiles", nil, 200}, {"GET", "/configuration/metadata_profiles/default_profile", nil, 200},
		{"GET", "/nodes/" + node + "/shared_folders/", nil, 200}, {"GET", "/contacts/", nil, 200}, {"GET", "/account/", nil, 200},
		{"DELETE", "/packages", map[string]any{"ids": []string{other}}, 204},
		{"DELETE", "/account/distribution_lists", map[string]any{"ids": []string{list}}, 204},
	} {
		who := x.admin
		if call.method == "DELETE" || call.method == "PUT" {
			who = x.alice
		}
		if status, _, body := x.call(t, who, call.method, "/api/v5"+call.path, call.body); status != call.want {
			t.Errorf("%s %s: %d %s", call.method, call.path, status, body)
		}
	}
	for _, path := range []string{"/auth/authorize_public_link", "/api/v5/authorize/public_link"} {
		if status, _, _ := x.call(t, nil, http.MethodGet, path+"?context=x", nil); status == http.StatusNotFound {
			t.Errorf("%s: not there", path)
		}
	}
}
