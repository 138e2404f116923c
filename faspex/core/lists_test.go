package core_test

import (
	"net/url"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/store"
)

type packageListing struct {
	TotalCount int `json:"total_count"`
	Offset     int `json:"offset"`
	Limit      int `json:"limit"`
	Packages   []api.Package
}

func (x *exchange) list(t *testing.T, c *client.Client, path string) (packageListing, string) {
	t.Helper()
	status, _, body := x.call(t, c, "GET", "/api/v5/"+path, nil)
	if status != 200 {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	l := jsonOf[packageListing](t, body)
	var names []string
	for _, p := range l.Packages {
		names = append(names, p.Title)
	}
	return l, strings.Join(names, " ")
}

// named makes an account with a name of its own.
func (x *exchange) named(t *testing.T, login, first, last, email string) *client.Client {
	t.Helper()
	if first == "" { // an account of before names were needed
		if _, err := x.store.CreateAccount(t.Context(), store.Account{Name: login, Email: email, Role: store.RoleUser,
			Type: store.TypeLocal, Status: store.AccountActive, UploadsAllowed: true, DownloadsAllowed: true}); err != nil {
			t.Fatal(err)
		}
		return x.admin.As(login)
	}
	if _, err := x.admin.CreateAccount(t.Context(), api.AccountChange{Name: &login, FirstName: &first, LastName: &last,
		Email: &email, Role: ptr("user")}); err != nil {
		t.Fatal(err)
	}
	return x.admin.As(login)
}

// page-39: a package is found by first name, last name, both, login or e-mail address of its sender or of a recipient
// whom one sees, and by its title; by nothing else.
func TestSearchByPeople(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	greta := x.named(t, "gl77", "Greta", "Lindström", "office@north.example")
	igor := x.named(t, "igor_p", "Igor", "Petrov", "ip@east.example")
	x.named(t, "hidden", "Quentin", "Zorn", "qz@secret.example")
	for title, c := range map[string]struct {
		from        *client.Client
		to, private []api.RecipientName
	}{
		"from-greta": {greta, to("igor_p"), to("hidden")},
		"from-igor":  {igor, to("gl77"), nil},
		"among":      {x.alice, to("bob", "gl77"), nil},
	} {
		p, err := c.from.CreatePackage(ctx, api.PackageCreate{Title: title, Recipients: c.to, PrivateRecipients: c.private})
		if err != nil {
			t.Fatal(err)
		}
		x.deliver(t, p.ID)
	}
	for _, test := range []struct {
		c    *client.Client
		path string
		find map[string]string
	}{
		{igor, "inbox_all/packages", map[string]string{
			"Greta": "from-greta", "lindstr": "from-greta", "greta lindström": "from-greta", "Lindström Greta": "from-greta",
			"Lindström, Greta":    "from-greta",
			" greta   lindström ": "from-greta", "gl77": "from-greta", "office@north": "from-greta", "from-g": "from-greta",
			"igor": "from-greta", "Zorn": "", "qz@secret": "", "nobody": "",
		}},
		{igor, "outbox/packages", map[string]string{"Greta": "from-igor", "office@north.example": "from-igor",
			"gl77": "from-igor", "petrov": "from-igor", "alice": ""}},
		{greta, "outbox/packages", map[string]string{"Igor Petrov": "from-greta", "igor_p": "from-greta", "igor%p": "",
			"Quentin Zorn": "from-greta", "qz@secret": "from-greta"}},
		{x.admin.As("hidden"), "inbox/packages", map[string]string{"Zorn": "from-greta"}},
		{x.bob, "inbox/packages", map[string]string{"Greta": "among", "gl77": "among", "alice": "among"}},
		{x.admin, "all/packages", map[string]string{"Zorn": "from-greta", "qz@secret": "from-greta", "Test bob": "among"}},
	} {
		for q, want := range test.find {
			if l, got := x.list(t, test.c, test.path+"?q="+url.QueryEscape(q)); got != want ||
				l.TotalCount != len(strings.Fields(want)) {
				t.Errorf("%s, %q: %q, total %d, want %q", test.path, q, got, l.TotalCount, want)
			}
		}
	}
}

// page-40 (the server's part): a page behind the last row is empty and tells the total, so that the page
// shows the last one that has rows.
func TestPageBehindTheLastRow(t *testing.T) {
	x := newExchange(t)
	for _, title := range []string{"a", "b", "c"} {
		p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: title, Recipients: to("bob")})
		if err != nil {
			t.Fatal(err)
		}
		x.deliver(t, p.ID)
	}
	for _, path := range []string{"inbox/packages", "inbox_all_history/packages", "all/packages"} {
		for query, want := range map[string]string{"?offset=2&limit=2": "a", "?offset=4&limit=2": "",
			"?offset=4&limit=2&sort=title": "", "?offset=2&limit=2&sort=title&q=e": "c"} {
			if l, got := x.list(t, x.bob, path+query); got != want || l.TotalCount != 3 || l.Packages == nil {
				t.Errorf("%s%s: %q, total %d", path, query, got, l.TotalCount)
			}
		}
	}
}

// page-42 (the server's part): the server sorts by each column that is shown, both ways, also over pages.
func TestSortedLists(t *testing.T) {
	x := newExchange(t)
	x.named(t, "zed", "Aaron", "Zed", "zed@example.com")
	x.named(t, "amy", "", "", "amy@example.com")
	zed, amy := x.admin.As("zed"), x.admin.As("amy")
	for i, p := range []struct {
		from         *client.Client
		title        string
		to, private  []api.RecipientName
		bytes, files int64
		release      string
		expires      string
		held         bool
	}{
		{zed, "beta", to("bob"), nil, 30, 1, "2020-01-03", "2040-01-01", false},
		{amy, "Alpha", to("carol", "bob"), to("zed"), 10, 3, "2020-01-01", "2042-01-01", false},
		{x.alice, "gamma", to("bob", "amy"), nil, 20, 2, "2020-01-02", "2041-01-01", true},
	} {
		c := api.PackageCreate{Title: p.title, Recipients: p.to, PrivateRecipients: p.private, ReleasePolicy: "on_date",
			ReleaseDate:      &p.release,
			ExpirationPolicy: "delete_after_expiration_date", ExpirationDate: &p.expires}
		made, err := p.from.CreatePackage(t.Context(), c)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if !p.held {
			x.deliver(t, made.ID)
		}
		if err := x.store.SetContents(t.Context(), keyOf(t, made.ID), p.bytes, p.files); err != nil {
			t.Fatal(err)
		}
	}
	for sort, want := range map[string]string{
		// Aaron Zed, amy, Test alice
		"created": "beta Alpha gamma", "title": "Alpha beta gamma", "sender": "beta Alpha gamma",
		"recipients": "gamma Alpha beta", // amy; then twice Test bob, the newer first
		"status":     "Alpha beta gamma", // completed, completed, starting
		"size":       "Alpha gamma beta", "files": "beta gamma Alpha", "released": "Alpha gamma beta",
		"expires": "beta gamma Alpha",
	} {
		if _, got := x.list(t, x.admin, "all/packages?sort="+sort); got != want {
			t.Errorf("by %s: %q, want %q", sort, got, want)
		}
		words := strings.Fields(want)
		if first, _ := x.list(t, x.admin, "all/packages?limit=2&sort="+sort); len(first.Packages) != 2 ||
			first.Packages[1].Title != words[1] {
			t.Errorf("by %s, first page: %+v", sort, first)
		}
		if _, got := x.list(t, x.admin, "all/packages?limit=2&offset=2&sort="+sort); got != words[2] {
			t.Errorf("by %s, second page: %q", sort, got)
		}
		if sort != "status" && sort != "recipients" { // those have ties
			if _, got := x.list(t, x.admin, "all/packages?sort=-"+sort); got != words[2]+" "+words[1]+" "+words[0] {
				t.Errorf("by -%s: %q", sort, got)
			}
		}
	}
	if _, got := x.list(t, x.admin, "all/packages"); got != "gamma Alpha beta" {
		t.Errorf("without sort: %q", got)
	}
	if _, got := x.list(t, x.bob, "inbox/packages?sort=-size"); got != "beta Alpha" {
		t.Errorf("inbox by -size: %q", got)
	}
	for _, sort := range []string{"note", "-", "title,size", "p.id"} {
		if status, _, _ := x.call(t, x.bob, "GET", "/api/v5/inbox/packages?sort="+sort, nil); status != 400 {
			t.Errorf("sort %q: %d", sort, status)
		}
	}
	inbox := operations(described(t))["list-inbox"]
	for _, param := range inbox.Parameters {
		if param.Name == "sort" && len(param.Schema.Enum) != 2*len(store.PackageSorts()) {
			t.Errorf("described sorts %v", param.Schema.Enum)
		}
	}
}

func TestFilteredByTime(t *testing.T) {
	x := newExchange(t)
	if _, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "now", Recipients: to("bob")}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{"created_before=2000-01-01": "",
		"created_before=2999-01-01&created_time=2000-01-01": "now"} {
		if _, got := x.list(t, x.alice, "outbox/packages?"+query); got != want {
			t.Errorf("%s: %q", query, got)
		}
	}
}
