package service_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// faspex-N4, faspex-T1: required metadata is checked by the API, of every kind of field and in their order. faspex-T2:
// title and note by the profile. faspex-T4, faspex-K12: the default profile is that of people, lists and workgroups, and a
// shared inbox has its own and never the default. faspex-T8: deleting a profile leaves the values of packages alone.
// faspex-T9: only admins and who forwards pass validation over.
func TestMetadataProfilesAreEnforced(t *testing.T) {
	s := newScene(t)
	profile := func(name string, fields ...map[string]any) string {
		t.Helper()
		return s.answered(s.in.Admin, http.StatusCreated, "POST", "/configuration/metadata_profiles", map[string]any{
			"name": name, "title": map[string]any{"max_length": 20, "illegal_chars": []string{"#"}},
			"note": map[string]any{"max_length": 10, "illegal_chars": []string{}, "enabled": false}, "fields": fields})["id"].(string)
	}
	own := profile("Scans", map[string]any{"name": "page", "type": "text_field", "require": true, "ordering": 1, "max_length": 5})
	usual := profile("Usual", map[string]any{"name": "kind", "type": "option_list", "require": true, "ordering": 2, "choices": []string{"film", "sound"}},
		map[string]any{"name": "text", "type": "text_block", "require": false, "ordering": 0, "default_value": "Please fill in"},
		map[string]any{"name": "day", "type": "date_field", "require": false, "ordering": 1},
		map[string]any{"name": "more", "type": "text_area", "require": false, "ordering": 3})
	s.answered(s.in.Admin, http.StatusOK, "PUT", "/configuration/metadata_profiles/"+usual, map[string]any{"default": true})
	got := s.answered(s.alice, http.StatusOK, "GET", "/configuration/metadata_profiles/default", nil)
	var order []string
	for _, f := range got["fields"].([]any) {
		order = append(order, f.(map[string]any)["name"].(string))
	}
	if got["id"] != usual || strings.Join(order, " ") != "text day kind more" {
		t.Errorf("default %v: fields %v", got["id"], order)
	}
	s.group("/shared_inboxes", map[string]any{"name": "Scans", "metadata_profile_id": own}, map[string]string{"alice@example.com": "submit_only"})
	person, inbox := []any{map[string]any{"name": "bob@example.com"}}, []any{map[string]any{"name": "Scans", "recipient_type": "shared_inbox"}}
	for _, test := range []struct {
		body  map[string]any
		field string
	}{
		{map[string]any{"title": "a", "recipients": person}, "metadata.kind"},
		{map[string]any{"title": "a", "recipients": person, "metadata": map[string]any{"kind": "text"}}, "metadata.kind"},
		{map[string]any{"title": "a", "recipients": person, "metadata": map[string]any{"kind": "film", "day": "31/31/26"}}, "metadata.day"},
		{map[string]any{"title": "a#", "recipients": person, "metadata": map[string]any{"kind": "film"}}, "title"},
		{map[string]any{"title": "a", "note": "n", "recipients": person, "metadata": map[string]any{"kind": "film"}}, "note"},
		{map[string]any{"title": "a", "recipients": person, "skip_metadata_validation": true}, "metadata.kind"},
		{map[string]any{"title": "a", "recipients": inbox, "metadata": map[string]any{"kind": "film"}}, "metadata.page"},
	} {
		refused := s.answered(s.alice, http.StatusBadRequest, "POST", "/packages", test.body)
		if at := refused["errors"].([]any)[0].(map[string]any)["location"]; at != "body."+test.field {
			t.Errorf("%v: %v", test.body, refused)
		}
	}
	p := s.answered(s.alice, http.StatusCreated, "POST", "/packages", map[string]any{"title": "a", "recipients": person,
		"metadata": map[string]any{"kind": "film", "day": "12/31/26"}})
	s.answered(s.alice, http.StatusCreated, "POST", "/packages", map[string]any{"title": "a", "recipients": inbox,
		"metadata": map[string]any{"page": "7"}})
	s.answered(s.in.Admin, http.StatusCreated, "POST", "/packages", map[string]any{"title": "a", "recipients": person,
		"skip_metadata_validation": true})
	s.answered(s.in.Admin, http.StatusNoContent, "DELETE", "/configuration/metadata_profiles/"+usual, nil)
	kept, err := s.alice.Package(t.Context(), p["id"].(string))
	if err != nil || string(kept.Metadata["kind"]) != `"film"` {
		t.Errorf("after the profile was deleted: %s, %v", kept.Metadata, err)
	}
	s.answered(s.alice, http.StatusForbidden, "DELETE", "/configuration/metadata_profiles/"+own, nil)
}

// faspex-T5: the sidecar of the default profile is aspera-metadata-<uuid>.xml beside the PKG folder, or inside it with the
// second switch. faspex-K13: that of a shared inbox is aspera-metadata.xml in the package's root.
func TestSidecarFiles(t *testing.T) {
	s := newScene(t)
	s.answered(s.in.Admin, http.StatusCreated, "POST", "/configuration/metadata_profiles", map[string]any{"name": "Usual",
		"default": true, "fields": []any{}})
	s.group("/shared_inboxes", map[string]any{"name": "Scans", "save_metadata_to_file": true}, map[string]string{"alice@example.com": "submit_only"})
	configure := func(file, inside bool) {
		t.Helper()
		if err := s.in.Admin.Configure(t.Context(), map[string]any{"save_metadata_to_file": file, "save_metadata_in_package": inside}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, path func(api.Package) string, files int64, change func(*api.PackageCreate)) {
		t.Helper()
		p := s.create(func(b *api.PackageCreate) {
			b.Metadata = map[string]jsonRaw{"job": json.RawMessage(`"<42>"`)}
			if change != nil {
				change(b)
			}
		})
		s.upload(p)
		s.run()
		if got := s.want(p, "released", "completed"); got.TotalFiles != files {
			t.Errorf("%s: %d files", what, got.TotalFiles)
		}
		found, err := filepath.Glob(filepath.Join(s.node.Dir, filepath.Dir(faspextest.PackageFolder(p)), "aspera-*"))
		if err != nil {
			t.Fatal(err)
		}
		if path == nil {
			if len(found) != 0 {
				t.Errorf("%s: %v", what, found)
			}
			return
		}
		text, err := os.ReadFile(filepath.Join(s.node.Dir, path(p)))
		if err != nil || !strings.Contains(string(text), `<field name="job">&lt;42&gt;</field>`) ||
			!strings.Contains(string(text), p.PackageUUID) {
			t.Errorf("%s: %s, %v", what, text, err)
		}
	}
	want("switched off", nil, 2, nil)
	configure(true, false)
	want("beside", func(p api.Package) string {
		return filepath.Join(filepath.Dir(faspextest.PackageFolder(p)), "aspera-metadata-"+p.PackageUUID+".xml")
	}, 2, nil)
	configure(true, true)
	want("inside", func(p api.Package) string {
		return filepath.Join(faspextest.PackageFolder(p), "aspera-metadata-"+p.PackageUUID+".xml")
	}, 3, nil)
	configure(false, false)
	want("of a shared inbox", func(p api.Package) string {
		return filepath.Join(faspextest.PackageFolder(p), "aspera-metadata.xml")
	}, 3, func(b *api.PackageCreate) {
		b.Recipients = []api.RecipientName{{Name: "Scans", RecipientType: "shared_inbox"}}
	})
}
