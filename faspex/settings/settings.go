// Package settings is what administrators decide for the whole server: the published configuration fields with their
// defaults, and what is wrong with a value. It keeps documents of what was set, so that a default that changes with a
// version reaches every server on which nobody decided otherwise. It knows neither the database nor the wire.
package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
)

// Names of the documents.
const (
	NameConfiguration = "configuration"
	NameAdvanced      = "advanced_configuration"
	NameRateLimits    = "rate_limits"
)

// Advanced is what GET advanced_configuration tells.
type Advanced struct {
	UserFieldsInTags                         string `json:"user_fields_in_tags" maxLength:"4000"`
	DisableEditEmailHTML                     bool   `json:"disable_edit_email_html"`
	MaxTagsLength                            int    `json:"max_tags_length" minimum:"0" maximum:"65536"`
	EnforceSelfRegisteredUserEmailUniqueness bool   `json:"enforce_self_registered_user_email_uniqueness"`
	HideSenderUsernameToExternalRecipients   bool   `json:"hide_sender_username_to_external_recipients"`
	ExcludeMetadataFromCookie                bool   `json:"exclude_metadata_from_cookie"`
	SAMLUserLookupAttribute                  bool   `json:"saml_user_lookup_attribute"`
}

// DefaultAdvanced is what holds when nothing was set.
func DefaultAdvanced() Advanced { return Advanced{MaxTagsLength: 4096} }

// RateLimits is what GET rate_limits tells.
type RateLimits struct {
	ThrottleEnabled  bool `json:"throttle_enabled"`
	ThrottleLimitRPS int  `json:"throttle_limit_rps" minimum:"1" maximum:"100000"`
}

// DefaultRateLimits is what holds when nothing was set.
func DefaultRateLimits() RateLimits { return RateLimits{ThrottleLimitRPS: 100} }

// Document is what was set, by field. The rest has its default.
type Document map[string]json.RawMessage

// ReadDocument reads a stored document; an empty text is one in which nothing was set.
func ReadDocument(stored []byte) (Document, error) {
	d := Document{}
	if len(stored) == 0 {
		return d, nil
	}
	if err := json.Unmarshal(stored, &d); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return d, nil
}

// Over gives the settings that hold: what was set, and the defaults for the rest. A field that this version does not
// know is kept in the document and has no effect.
func Over[T any](d Document, defaults T) (T, error) {
	raw, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(raw, &defaults)
	}
	if err != nil {
		return defaults, fmt.Errorf("read settings: %w", err)
	}
	return defaults, nil
}

// Merge gives a document with the fields of a change that known has. Null sets a field back to its default.
func (d Document) Merge(change Document, known any) (Document, error) {
	names, err := fieldsOf(known)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(d)
	for name, value := range change {
		switch _, has := names[name]; {
		case !has:
		case string(value) == "null":
			delete(out, name)
		default:
			out[name] = value
		}
	}
	return out, nil
}

// Equal tells whether two documents say the same of the same fields.
func (d Document) Equal(other Document) bool {
	return maps.EqualFunc(d, other, func(a, b json.RawMessage) bool {
		var one, two bytes.Buffer
		return json.Compact(&one, a) == nil && json.Compact(&two, b) == nil && bytes.Equal(one.Bytes(), two.Bytes())
	})
}

// fieldsOf gives what a struct has in JSON, by name; none of its fields may be left out when empty.
func fieldsOf(v any) (map[string]json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	err = json.Unmarshal(raw, &all)
	return all, err
}
