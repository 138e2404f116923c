package core_test

import (
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
)

// faspex-U11: the second transfer address of a node is told to those whose own address, or whose browser's address of this
// server, it is for; to others the first.
func TestSecondTransferAddress(t *testing.T) {
	x := newExchange(t)
	p := x.sendPackage(t, x.alice, api.PackageCreate{Title: "x", Recipients: to("bob")})
	up, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "y", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	node, err := x.admin.NodeByName(t.Context(), "north")
	if err != nil {
		t.Fatal(err)
	}
	const first, second = "first.example.com", "second.example.com"
	for name, test := range map[string]struct {
		on                 bool
		requester, browser string
		want               string
	}{
		"for nobody":                {true, "", "", first},
		"switched off":              {false, "127.0.0.1", "127.0.0.1", first},
		"from this address":         {true, "10.0.0.1, 127.0.0.1", "", second},
		"from this network":         {true, "127.0.0.0/8", "", second},
		"from this pattern":         {true, "127.*", "", second},
		"from another address":      {true, "10.*", "", first},
		"to this host":              {true, "", "faspex.example.com,127.0.0.1", second},
		"to hosts of a pattern":     {true, "", "127.0.*", second},
		"to another host":           {true, "", "faspex.example.com", first},
		"from elsewhere, this host": {true, "10.*", "127.0.0.1", second},
	} {
		if _, err := x.admin.UpdateNode(t.Context(), node.ID, api.NodeChange{PrimaryTransferAddress: ptr(first),
			SecondaryTransferAddress: ptr(second), EnableSecondaryTransferAddress: &test.on,
			RequesterAddressMatch: &test.requester, BrowserAddressMatch: &test.browser}); err != nil {
			t.Fatal(err)
		}
		for call, want := range map[string]string{
			up.ID + "/transfer_spec/upload":                             test.want,
			p.ID + "/transfer_spec/download":                            test.want,
			p.ID + "/transfer_spec/download?transfer_type=http_gateway": first,
		} {
			c := x.bob
			if strings.HasSuffix(call, "upload") {
				c = x.alice
			}
			status, _, body := x.call(t, c, "POST", "/api/v5/packages/"+call, map[string]any{})
			if got := jsonOf[transferspec.Spec](t, body).RemoteHost; status != http.StatusOK || got != want {
				t.Errorf("%s, %s: %d %s, want %s", name, call, status, got, want)
			}
		}
	}
	for field, value := range map[string]string{"requester_address_match": "ten", "browser_address_match": "[a"} {
		if status, _, body := x.call(t, x.admin, "PUT", "/api/v5/nodes/"+node.ID, map[string]any{field: value}); status != http.StatusBadRequest ||
			!strings.Contains(body, `"body.`+field) {
			t.Errorf("%s: %d %s", field, status, body)
		}
	}
}
