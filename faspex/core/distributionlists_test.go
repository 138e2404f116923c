package core_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// importCSV posts a file and gives status and answer.
func (x *exchange) importCSV(t *testing.T, list, file string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST",
		x.url+"/aspera/faspex/api/v5/account/distribution_lists/"+list+"/csv", strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	token, err := x.alice.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/csv")
	req.Header.Set("Authorization", "Bearer "+token)
	status, _, text := do(t, req)
	return status, text
}

// faspex-L3: lists take users and addresses; a CSV with the header "email, name" is imported, blanks around commas are
// allowed. What is exported is such a file again.
func TestDistributionListsAsFiles(t *testing.T) {
	x := newExchange(t)
	id := x.answered(t, x.alice, 201, "POST", "/account/distribution_lists",
		map[string]any{"name": "Press", "contacts": []any{map[string]any{"name": "bob"}}})["id"].(string)
	status, text := x.importCSV(t, id, "email, name\n carol@example.com , Carol \n\"news@example.org\", \"News, desk\"\nbob,\n=cmd, x\n")
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	for file, want := range map[string]string{
		"name, mail\nx, y\n": "first line", "email, name\n, Carol\n": "Line 2", "email, name\na, b\n\"x\n": "Line 3",
	} {
		if status, text := x.importCSV(t, id, file); status != 400 || !strings.Contains(text, want) {
			t.Errorf("%q: %d %s", file, status, text)
		}
	}
	var names []string
	for _, c := range x.answered(t, x.alice, 200, "GET", "/account/distribution_lists/"+id, nil)["contacts"].([]any) {
		one := c.(map[string]any)
		names = append(names, one["name"].(string)+":"+one["type"].(string))
	}
	if got := strings.Join(names, " "); got != "bob:user carol@example.com:user news@example.org:external_user =cmd:user" {
		t.Errorf("contacts %s", got)
	}
	status, header, file := x.call(t, x.alice, "GET", "/api/v5/account/distribution_lists/"+id+"/csv", nil)
	want := "email,name\nbob,\ncarol@example.com,Carol\nnews@example.org,\"News, desk\"\n'=cmd,x\n"
	if status != 200 || file != want || !strings.HasPrefix(header.Get("Content-Type"), "text/csv") {
		t.Errorf("%d %s: %q", status, header.Get("Content-Type"), file)
	}
}

// faspex-L4: members are not checked when a list is saved. faspex-L5: one who is invalid for this sender refuses the
// package; with "ignore invalid recipients" the rest get it. Who is on a list and named is one recipient.
func TestSendingToDistributionLists(t *testing.T) {
	x := newExchange(t)
	contacts := func(names ...string) []any {
		var out []any
		for _, n := range names {
			out = append(out, map[string]any{"name": n})
		}
		return out
	}
	id := x.answered(t, x.alice, 201, "POST", "/account/distribution_lists",
		map[string]any{"name": "Press", "contacts": contacts("bob", "carol@example.com", "nobody@example.org")})["id"].(string)
	list := append(toGroup("distribution_list", "press"), to("bob")...)
	_, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: list})
	if err == nil || !strings.Contains(err.Error(), "nobody@example.org") {
		t.Errorf("with an invalid member: %v", err)
	}
	x.configure(t, map[string]any{"ignore_invalid_recipients": true})
	p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: list})
	if err != nil || len(p.Recipients) != 2 {
		t.Errorf("the rest: %+v, %v", p.Recipients, err)
	}
	x.answered(t, x.alice, 200, "PUT", "/account/distribution_lists/"+id, map[string]any{"contacts": contacts("nobody@example.org")})
	if _, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x",
		Recipients: toGroup("distribution_list", "Press")}); err == nil || !strings.Contains(err.Error(), "nobody left") {
		t.Errorf("with nobody who is valid: %v", err)
	}
	found := x.answered(t, x.alice, 200, "GET", "/contacts?q=pre&type[]=distribution_list", nil)["contacts"].([]any)
	if len(found) != 1 || found[0].(map[string]any)["type"] != "distribution_list" {
		t.Errorf("contacts %v", found)
	}
}

// faspex-L7: global lists are made by admins only, personal ones are seen by their owner only. faspex-I12: global lists
// are visible by default; with the server's default off an account needs "allow".
func TestWhoSeesDistributionLists(t *testing.T) {
	x := newExchange(t)
	body := map[string]any{"name": "All", "type": "global", "contacts": []any{map[string]any{"name": "carol"}}}
	x.answered(t, x.alice, 403, "POST", "/account/distribution_lists", body)
	global := x.answered(t, x.admin, 201, "POST", "/account/distribution_lists", body)["id"].(string)
	own := x.answered(t, x.alice, 201, "POST", "/account/distribution_lists",
		map[string]any{"name": "Mine", "contacts": []any{}})["id"].(string)
	x.answered(t, x.alice, 409, "POST", "/account/distribution_lists", map[string]any{"name": "mine", "contacts": []any{}})
	for id, status := range map[string]int{own: 404, global: 403} {
		x.answered(t, x.bob, status, "PUT", "/account/distribution_lists/"+id, map[string]any{"name": "x"})
		x.answered(t, x.bob, status, "DELETE", "/account/distribution_lists/"+id, nil)
	}
	x.answered(t, x.admin, 404, "GET", "/account/distribution_lists/"+own, nil)
	sees := func(want bool) {
		t.Helper()
		_, err := x.bob.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: toGroup("distribution_list", "All")})
		lists := x.answered(t, x.bob, 200, "GET", "/account/distribution_lists", nil)["total_count"]
		found := x.answered(t, x.bob, 200, "GET", "/contacts?type[]=distribution_list", nil)["total_count"]
		if (err == nil) != want || (lists == 1.0) != want || (found == 1.0) != want {
			t.Errorf("sent %v, lists %v, contacts %v; want %v", err, lists, found, want)
		}
	}
	sees(true)
	x.configure(t, map[string]any{"can_see_global_distribution_lists_default": false})
	sees(false)
	x.answered(t, x.admin, 200, "PUT", "/accounts/"+x.idOf(t, "bob"), map[string]any{"can_see_global_distribution_lists": "true"})
	sees(true)
	x.answered(t, x.alice, 204, "DELETE", "/account/distribution_lists", map[string]any{"ids": []string{own}})
}

// page-72 (the server's part): the columns of a file stand in any order, and every faulty line is told by its number; a
// file with one adds nobody.
func TestFaultyLinesOfAFile(t *testing.T) {
	x := newExchange(t)
	id := x.answered(t, x.alice, 201, "POST", "/account/distribution_lists",
		map[string]any{"name": "Press", "contacts": []any{}})["id"].(string)
	status, text := x.importCSV(t, id, "Name, phone, E-Mail\nx, 1, x@example.org\n")
	if status != 400 || !strings.Contains(text, "first line") {
		t.Errorf("without a column email: %d %s", status, text)
	}
	status, text = x.importCSV(t, id, "name,email\nA,a@x.org\nB,\n\"C, \"\"the\nthird\"\"\",c@x.org\n,\n"+strings.Repeat("n", 256)+",d@x.org\n")
	var told struct {
		Message string
		Errors  []struct{ Location, Message string }
	}
	if err := json.Unmarshal([]byte(text), &told); err != nil || status != 400 {
		t.Fatalf("%d %s", status, text)
	}
	var lines []string
	for _, e := range told.Errors {
		lines = append(lines, e.Message)
	}
	if got := strings.Join(lines, " "); got != "Line 3 has no e-mail address. Line 6 has no e-mail address. Line 7 is too long." {
		t.Errorf("%s: %s", told.Message, got)
	}
	if got := x.answered(t, x.alice, 200, "GET", "/account/distribution_lists/"+id, nil)["contacts"].([]any); len(got) != 0 {
		t.Errorf("a faulty file added %v", got)
	}
	if status, text = x.importCSV(t, id, "Name,ignored,EMAIL\n\"Müller, Jörg\",1,jm@x.org\n"); status != 200 ||
		!strings.Contains(text, `"first_name":"Müller, Jörg"`) {
		t.Errorf("%d %s", status, text)
	}
}
