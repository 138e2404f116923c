package core_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// faspex-AI3: each list of the API answers total_count exactly, and offset and limit as they were asked for: 0 and 1000
// unless the client says something else.
func TestListsTellTheirTotal(t *testing.T) {
	x := newExchange(t)
	for i := range 3 {
		p, err := x.admin.CreatePackage(t.Context(), api.PackageCreate{Title: fmt.Sprint(i),
			Recipients: to(adminName, "bob")})
		if err != nil {
			t.Fatal(err)
		}
		x.deliver(t, p.ID)
	}
	workgroup := x.group(t, "/workgroups", map[string]any{"name": "Editors"}, "alice:standard", "bob:standard")
	inbox := x.group(t, "/shared_inboxes", map[string]any{"name": "Scans"}, "alice:standard", "bob:standard")
	hook := x.answered(t, x.admin, 201, "POST", "/webhooks", map[string]any{"name": "hook", "url": "https://example.com"})["id"].(string)
	type list struct {
		total, offset, limit int
		items                []json.RawMessage
	}
	read := func(path string) (l list) {
		t.Helper()
		status, _, body := x.call(t, x.admin, "GET", path, nil)
		if status != 200 {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		for name, raw := range jsonOf[map[string]json.RawMessage](t, body) {
			var err error
			switch name {
			case "total_count":
				err = json.Unmarshal(raw, &l.total)
			case "offset":
				err = json.Unmarshal(raw, &l.offset)
			case "limit":
				err = json.Unmarshal(raw, &l.limit)
			default:
				if strings.HasPrefix(string(raw), "[") {
					err = json.Unmarshal(raw, &l.items)
				}
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", path, name, err)
			}
		}
		return l
	}
	seen := 0
	for id, op := range operations(described(t)) {
		paged := false
		for _, p := range op.Parameters {
			paged = paged || p.Name == "offset" && op.Method == "GET"
		}
		if !paged {
			continue
		}
		thing := "1"
		switch {
		case strings.Contains(op.Path, "/workgroups/"):
			thing = workgroup
		case strings.Contains(op.Path, "/shared_inboxes/"):
			thing = inbox
		}
		path := strings.NewReplacer("{node_id}", "1", "{shared_folder_id}", "1", "{group_id}", thing, "{id}", thing,
			"{webhook_id}", hook).Replace(op.Path)
		all := read(path)
		if all.total != len(all.items) || all.offset != 0 || all.limit != 1000 {
			t.Errorf("%s: total %d of %d, offset %d, limit %d", id, all.total, len(all.items), all.offset, all.limit)
		}
		part := read(path + "?offset=1&limit=1")
		if want := min(max(all.total-1, 0), 1); part.total != all.total || part.offset != 1 || part.limit != 1 ||
			len(part.items) != want {
			t.Errorf("%s, a part: total %d, offset %d, limit %d, %d items", id, part.total, part.offset, part.limit,
				len(part.items))
		}
		if all.total > 1 {
			seen++
		}
	}
	if seen < 6 {
		t.Errorf("%d lists with more than one item", seen)
	}
}
