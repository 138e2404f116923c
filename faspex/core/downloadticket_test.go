package core_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/ticket"
)

// opened is a ticket as the gateway opens it.
func opened(t *testing.T, answer string) (api.DownloadTicket, ticket.Ticket) {
	t.Helper()
	given := jsonOf[api.DownloadTicket](t, answer)
	sealed, ok := strings.CutPrefix(given.URL, core.GatewayPath+"/tickets/")
	if !ok {
		t.Fatalf("address %s", given.URL)
	}
	got, err := ticket.Open(gatewayRing(t), sealed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return given, got
}

func TestDownloadTickets(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "Räume / Pläne", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	for _, name := range []string{"a.txt", "dir/שלום.txt", "dir/c.txt"} {
		x.node.write(t, contentOf(p)+"/"+name, "12345")
	}
	path := "/api/v5/packages/" + p.ID + "/download_ticket"
	ids := map[string]bool{}
	for name, test := range map[string]struct {
		who   *client.Client
		body  any
		want  api.DownloadTicket
		paths string
		side  string
		whole bool
	}{
		"whole package": {x.bob, nil, api.DownloadTicket{Name: "Räume / Pläne.zip", Zip: true, Type: "zip"}, ".",
			"received", true},
		"no paths are the whole": {x.bob, map[string]any{"paths": []any{}},
			api.DownloadTicket{Name: "Räume / Pläne.zip", Zip: true, Type: "zip"}, ".", "received", true},
		"one file": {x.bob, map[string]any{"paths": []any{"a.txt"}},
			api.DownloadTicket{Name: "a.txt", Type: "file"}, "a.txt", "received", false},
		"one file in a folder": {x.bob, map[string]any{"paths": []any{"/dir/שלום.txt"}},
			api.DownloadTicket{Name: "שלום.txt", Type: "file"}, "dir/שלום.txt", "received", false},
		"a folder": {x.bob, map[string]any{"paths": []any{"dir"}},
			api.DownloadTicket{Name: "dir.zip", Zip: true, Type: "zip"}, "dir", "received", false},
		"some": {x.bob, map[string]any{"paths": []any{"a.txt", "dir/c.txt"}},
			api.DownloadTicket{Name: "Räume / Pläne.zip", Zip: true, Type: "zip"}, "a.txt dir/c.txt", "received", false},
		"the sender, without ask": {x.alice, nil, api.DownloadTicket{Name: "Räume / Pläne.zip", Zip: true, Type: "zip"}, ".",
			"sent", true},
	} {
		status, _, body := x.call(t, test.who, "POST", path, test.body)
		if status != http.StatusCreated {
			t.Errorf("%s: %d %s", name, status, body)
			continue
		}
		given, got := opened(t, body)
		if given.Name != test.want.Name || given.Zip != test.want.Zip || given.Type != test.want.Type ||
			got.Name != given.Name || got.Zip != given.Zip {
			t.Errorf("%s: %+v, sealed %q %v", name, given, got.Name, got.Zip)
		}
		var paths []string
		for _, p := range got.Spec.Paths {
			paths = append(paths, p.Source)
		}
		tags, ok := packages.TagsOf(got.Spec.Tags)
		if strings.Join(paths, " ") != test.paths || got.Spec.Token == "" || !ok || tags.Side != test.side ||
			tags.Whole != test.whole || got.Spec.Cookie == "" {
			t.Errorf("%s: paths %q, tags %+v", name, paths, tags)
		}
		if left := time.Until(got.Expires); left < 59*time.Minute || left > time.Hour ||
			stampOf(t, given.ExpiresAt).Unix() != got.Expires.Unix() {
			t.Errorf("%s: expires %v, told %s", name, got.Expires, given.ExpiresAt)
		}
		if ids[got.ID] || len(got.ID) < 20 {
			t.Errorf("%s: id %q", name, got.ID)
		}
		ids[got.ID] = true
	}

	single, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "single", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, single.ID)
	x.node.write(t, contentOf(single)+"/only.bin", "1")
	_, _, body := x.call(t, x.bob, "POST", "/api/v5/packages/"+single.ID+"/download_ticket", nil)
	given, got := opened(t, body)
	if tags, _ := packages.TagsOf(got.Spec.Tags); given.Type != "file" || given.Name != "only.bin" || !tags.Whole ||
		got.Spec.Paths[0].Source != "only.bin" {
		t.Errorf("a package of one file: %+v, %+v", given, got.Spec.Paths)
	}
}

func stampOf(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// page-36 (the server's part): what stands against a download by a browser is refused with its own code and sentence.
func TestDownloadTicketsThatAreRefused(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	make := func(c api.PackageCreate) api.Package {
		c.Title, c.Recipients = "x", to("bob", "erin")
		p, err := x.alice.CreatePackage(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	x.user(t, "erin", "user")
	erin, err := x.admin.AccountByName(ctx, "erin")
	if err == nil {
		_, err = x.admin.UpdateAccount(ctx, erin.ID, api.AccountChange{DownloadsAllowed: ptr(false)})
	}
	if err != nil {
		t.Fatal(err)
	}
	open, prevented, waiting, limited := make(api.PackageCreate{}), make(api.PackageCreate{PreventHTTPDownload: true}),
		make(api.PackageCreate{}), make(api.PackageCreate{DownloadLimit: ptr(1)})
	for _, p := range []api.Package{open, prevented, limited} {
		x.deliver(t, p.ID)
		x.node.write(t, contentOf(p)+"/a.txt", "1")
	}
	key := keyOf(t, limited.ID)
	x.countDownload(t, key, "bob")
	expired := make(api.PackageCreate{})
	x.deliver(t, expired.ID)
	for _, step := range [][2]packages.State{{packages.Released, packages.ReleasedToExpired},
		{packages.ReleasedToExpired, packages.Expired}} {
		if ok, err := x.store.Move(ctx, keyOf(t, expired.ID), step[0], step[1]); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	many := []any{}
	for i := range 5000 {
		many = append(many, fmt.Sprintf("a folder %d/%x and so on", i, i*i*7919))
	}
	for name, test := range map[string]struct {
		who    *client.Client
		id     string
		body   any
		status int
		code   string
	}{
		"stranger":            {x.david, open.ID, nil, 404, "not_found"},
		"no right":            {x.admin.As("erin"), open.ID, nil, 403, "downloads_not_allowed"},
		"prevented":           {x.bob, prevented.ID, nil, 403, "http_download_prevented"},
		"prevented, sender":   {x.alice, prevented.ID, nil, 403, "http_download_prevented"},
		"limit":               {x.bob, limited.ID, nil, 403, "download_limit"},
		"no files yet":        {x.alice, waiting.ID, nil, 409, "content_missing"},
		"expired":             {x.bob, expired.ID, nil, 409, "package_expired"},
		"admin without part":  {x.admin, open.ID, nil, 201, ""},
		"out of the package":  {x.bob, open.ID, map[string]any{"paths": []any{"../other"}}, 400, "bad_request"},
		"a path of none":      {x.bob, open.ID, map[string]any{"paths": []any{"none.txt"}}, 404, "no_such_path"},
		"too many":            {x.bob, open.ID, map[string]any{"paths": many}, 400, "too_long"},
		"another side":        {x.bob, open.ID, nil, 201, ""},
		"sent by a recipient": {x.bob, open.ID + "/download_ticket?type=sent#", nil, 403, "not_sender"},
	} {
		path := "/api/v5/packages/" + test.id + "/download_ticket"
		if strings.HasSuffix(test.id, "#") {
			path = "/api/v5/packages/" + strings.TrimSuffix(test.id, "#")
		}
		status, _, body := x.call(t, test.who, "POST", path, test.body)
		if got := jsonOf[api.Error](t, body); status != test.status || got.Code != test.code {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _, body := x.call(t, x.bob, "POST", "/api/v5/packages/"+prevented.ID+
		"/transfer_spec/download?transfer_type=http_gateway", nil); status != 403 ||
		!strings.Contains(body, "http_download_prevented") {
		t.Errorf("a spec for a gateway: %d %s", status, body)
	}
	_, _, body := x.call(t, x.bob, "POST", "/api/v5/packages/"+prevented.ID+"/transfer_spec/download", nil)
	if !strings.Contains(body, `"prevent_http_download":true`) {
		t.Errorf("the tags do not tell the node: %s", body)
	}
}

func TestGatewayURL(t *testing.T) {
	in := install(t)
	if a, err := in.admin.Account(t.Context()); err != nil || a.GatewayURL == nil || *a.GatewayURL != externalURL+
		"/aspera/http-gwy" || !a.GatewayEnabled {
		t.Errorf("gateway_url %v, %v", a.GatewayURL, err)
	}
}
