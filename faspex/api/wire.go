package api

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Error is the body of every answer that is not a success.
type Error struct {
	Message   string `json:"message"`
	Status    string `json:"status" doc:"HTTP status as text"`
	Code      string `json:"code" doc:"a word for programs: not_found, forbidden, ..."`
	RequestID string `json:"request_id,omitempty"`
	// Errors tell which fields of a request are wrong; an addition of this implementation.
	Errors []FieldError `json:"errors,omitempty"`
}

// FieldError is what is wrong with one field of a request. It never holds the value that was sent.
type FieldError struct {
	Location string `json:"location" doc:"where the field is, for example body.recipients[0].name or query.sort"`
	Message  string `json:"message"`
}

// Token is the answer of the token endpoint.
type Token struct {
	AccessToken    string `json:"access_token"`
	TokenType      string `json:"token_type"`
	ExpiresIn      int64  `json:"expires_in"`
	ExpirationDate string `json:"expiration_date"`
	RefreshToken   string `json:"refresh_token,omitempty"`
}

// PathOrText is a path of a request: clients send text, {source} or {path}.
type PathOrText struct{ Source string }

// UnmarshalJSON reads each of the three forms.
func (p *PathOrText) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &p.Source)
	}
	var o struct{ Source, Path string }
	if err := json.Unmarshal(b, &o); err != nil {
		return fmt.Errorf("path is neither text nor an object: %w", err)
	}
	if p.Source = o.Source; p.Source == "" {
		p.Source = o.Path
	}
	return nil
}

// MarshalJSON writes text, the published form.
func (p PathOrText) MarshalJSON() ([]byte, error) { return json.Marshal(p.Source) }

// ID is an id in a request. Answers have ids as text; clients send them back as text or as a number.
type ID string

// UnmarshalJSON reads both forms.
func (i *ID) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] == '"' || string(b) == "null" {
		return json.Unmarshal(b, (*string)(i))
	}
	var n int64
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("id is neither text nor a whole number: %w", err)
	}
	*i = ID(strconv.FormatInt(n, 10))
	return nil
}
