package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// ErrReservedTags is the error for tags that only the node user may give. It wraps ErrInvalid.
var ErrReservedTags = fmt.Errorf("%w: tags.aspera.faspex is for the node user alone", ErrInvalid)

// CheckTags refuses tags that only the node user may give: aspera.faspex, by which Faspex knows its
// packages. A reader of the tags may take names in any case, and any of several fields with one name, so
// each of them is looked at (TestCheckTags).
func CheckTags(tags json.RawMessage) error {
	if len(bytes.TrimSpace(tags)) == 0 {
		return nil
	}
	if !json.Valid(tags) {
		return fmt.Errorf("%w: tags are not JSON", ErrInvalid)
	}
	for _, outer := range fieldsOf(tags) {
		if !strings.EqualFold(outer.name, "aspera") {
			continue
		}
		for _, inner := range fieldsOf(outer.value) {
			if strings.EqualFold(inner.name, "faspex") {
				return ErrReservedTags
			}
		}
	}
	return nil
}

type field struct {
	name  string
	value json.RawMessage
}

// fieldsOf are the fields of an object of valid JSON, those with one name too; other values have none.
func fieldsOf(object json.RawMessage) []field {
	d := json.NewDecoder(bytes.NewReader(object))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	var fields []field
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fields
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fields
		}
		text, _ := name.(string)
		fields = append(fields, field{text, value})
	}
	return fields
}
