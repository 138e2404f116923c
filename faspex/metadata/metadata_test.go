package metadata_test

import (
	"encoding/json"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/metadata"
)

func profile(fields ...api.MetadataField) api.MetadataProfile {
	return api.MetadataProfile{Title: api.MetadataText{MaxLength: 10, IllegalChars: []string{"#", "$$"}},
		Note:   api.MetadataNote{MetadataText: api.MetadataText{MaxLength: 5}, Enabled: true},
		Fields: fields}
}

// faspex-T7: option values outside the list and malformed dates are refused. faspex-T2 (the rule): length and forbidden
// characters of title and note, or no note at all.
func TestFits(t *testing.T) {
	p := profile(api.MetadataField{Name: "job", Type: metadata.Text, Require: true, MaxLength: 3, IllegalChars: []string{"%"}},
		api.MetadataField{Name: "kind", Type: metadata.Options, Choices: []string{"film", "sound"}},
		api.MetadataField{Name: "day", Type: metadata.Date},
		api.MetadataField{Name: "due", Type: metadata.Date, DateFormat: "DD.MM.YYYY"},
		api.MetadataField{Name: "help", Type: metadata.Block, Require: true})
	for _, test := range []struct {
		title, note, values, want string
	}{
		{"ok", "", `{"job":"1"}`, ""},
		{"ok", "", `{"job":"1","kind":"film","day":"02/28/26","due":"28.02.2026"}`, ""},
		{"ok", "", `{}`, "metadata.job"},
		{"ok", "", `{"job":" "}`, "metadata.job"},
		{"ok", "", `{"job":7}`, "metadata.job"},
		{"ok", "", `{"job":"1234"}`, "metadata.job"},
		{"ok", "", `{"job":"1%"}`, "metadata.job"},
		{"ok", "", `{"job":"1","kind":"text"}`, "metadata.kind"},
		{"ok", "", `{"job":"1","day":"30.02.2026"}`, "metadata.day"},
		{"ok", "", `{"job":"1","due":"30.02.2026"}`, "metadata.due"},
		{"eleven chars", "", `{"job":"1"}`, "title"},
		{"a#b", "", `{"job":"1"}`, "title"},
		{"a$$b", "", `{"job":"1"}`, "title"},
		{"übergrößen", "größe", `{"job":"1"}`, ""},
		{"ok", "larger", `{"job":"1"}`, "note"},
	} {
		var values map[string]json.RawMessage
		if err := json.Unmarshal([]byte(test.values), &values); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, problem := range metadata.Fits(p, test.title, test.note, values) {
			got = append(got, problem.Field)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
	p.Note.Enabled = false
	if got := metadata.Fits(p, "ok", "x", map[string]json.RawMessage{"job": json.RawMessage(`"1"`)}); len(got) != 1 || got[0].Field != "note" {
		t.Errorf("a note where there is none: %v", got)
	}
}

func TestCheck(t *testing.T) {
	for want, f := range map[string]api.MetadataField{
		"fields[1].name": {Name: "JOB", Type: metadata.Text}, "fields[1].choices": {Name: "x", Type: metadata.Options},
		"fields[1].date_format": {Name: "x", Type: metadata.Date, DateFormat: "hh:mm"}, "": {Name: "x", Type: metadata.Date},
	} {
		var got string
		for _, p := range metadata.Check(profile(api.MetadataField{Name: "job", Type: metadata.Text}, f)) {
			got = p.Field
		}
		if got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
}
