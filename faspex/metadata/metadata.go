// Package metadata decides whether what a sender filled in fits a profile, and writes it as a file. It is pure: where
// profiles are kept and which of them applies to a package is its callers' business.
package metadata

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"faspex.io/operator/faspex/api"
)

// Kinds of fields.
const (
	Text    = "text_field"
	Area    = "text_area"
	Options = "option_list"
	Date    = "date_field"
	Block   = "text_block" // is shown and not filled in
)

// usualDate is the format of a date field that has none.
const usualDate = "MM/DD/YY"

// Problem is what is wrong with one field of a request.
type Problem struct{ Field, Message string }

// Check tells what is wrong with a profile.
func Check(p api.MetadataProfile) []Problem {
	var all []Problem
	names := map[string]bool{}
	for i, f := range p.Fields {
		at := fmt.Sprintf("fields[%d]", i)
		switch {
		case strings.TrimSpace(f.Name) == "" || strings.HasPrefix(f.Name, "_"):
			all = append(all, Problem{at + ".name", "The name of a field must not be blank, nor begin with _."})
		case names[strings.ToLower(f.Name)]:
			all = append(all, Problem{at + ".name", fmt.Sprintf("There are two fields named %q.", f.Name)})
		case f.Type == Options && len(f.Choices) == 0:
			all = append(all, Problem{at + ".choices", fmt.Sprintf("The list %q needs choices.", f.Name)})
		case f.Type == Date && layout(f.DateFormat) == "":
			all = append(all, Problem{at + ".date_format", "date_format is made of MM, DD, YY or YYYY and / - or . between them."})
		}
		names[strings.ToLower(f.Name)] = true
	}
	return all
}

// Fits tells what of a package does not fit a profile.
func Fits(p api.MetadataProfile, title, note string, values map[string]json.RawMessage) []Problem {
	var all []Problem
	add := func(field, message string) {
		if message != "" {
			all = append(all, Problem{field, message})
		}
	}
	add("title", fits("The title", title, p.Title))
	if !p.Note.Enabled && note != "" {
		add("note", "Packages have no note here.")
	} else if p.Note.Enabled {
		add("note", fits("The note", note, p.Note.MetadataText))
	}
	for _, f := range p.Fields {
		if f.Type != Block {
			add("metadata."+f.Name, fitsField(f, values[f.Name]))
		}
	}
	return all
}

func fits(what, text string, bound api.MetadataText) string {
	if n := utf8.RuneCountInString(text); n > bound.MaxLength {
		return fmt.Sprintf("%s has %d characters, and may have %d.", what, n, bound.MaxLength)
	}
	for _, c := range bound.IllegalChars {
		if c != "" && strings.Contains(text, c) {
			return fmt.Sprintf("%s must not contain %s.", what, c)
		}
	}
	return ""
}

func fitsField(f api.MetadataField, raw json.RawMessage) string {
	what := fmt.Sprintf("%q", f.Name)
	var value string
	if len(raw) > 0 && string(raw) != "null" && json.Unmarshal(raw, &value) != nil {
		return what + " must be text."
	}
	if strings.TrimSpace(value) == "" {
		if f.Require {
			return what + " is needed."
		}
		return ""
	}
	switch f.Type {
	case Options:
		if !slices.Contains(f.Choices, value) {
			return what + " must be one of: " + strings.Join(f.Choices, ", ") + "."
		}
	case Date:
		if _, err := time.Parse(layout(f.DateFormat), value); err != nil {
			return what + " must be a date like " + orUsual(f.DateFormat) + "."
		}
	default:
		bound := api.MetadataText{MaxLength: f.MaxLength, IllegalChars: f.IllegalChars}
		if bound.MaxLength == 0 {
			bound.MaxLength = maxValue
		}
		return fits(what, value, bound)
	}
	return ""
}

// maxValue is how many characters a value has at most whose field says nothing.
const maxValue = 16000

func orUsual(format string) string {
	if format == "" {
		return usualDate
	}
	return format
}

// layout makes of a date format what the time package reads; empty for one that is none.
func layout(format string) string {
	out := strings.NewReplacer("YYYY", "2006", "YY", "06", "MM", "01", "DD", "02").Replace(orUsual(format))
	for _, part := range []string{"01", "02", "06"} {
		if strings.Count(out, part) != 1 {
			return ""
		}
	}
	if strings.ContainsFunc(out, func(r rune) bool { return !strings.ContainsRune("0126/-. ", r) }) {
		return ""
	}
	return out
}
