package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// NameClaims is the document of claims.
const NameClaims = "claims"

// Claims are the settings that are decided outside of the server, by the object that the operator works from.
type Claims struct {
	// Manager is who decides, in words for people: "FaspexInstance faspex/demo". Empty: nobody ever did.
	Manager string `json:"manager"`
	// Configuration names fields of the configuration.
	Configuration []string `json:"configuration"`
	// SMTP says that the mail server is decided there.
	SMTP bool `json:"smtp"`
}

// ReadClaims reads the claims and the version of their document.
func ReadClaims(ctx context.Context, from Source) (Claims, int64, error) {
	c := Claims{Configuration: []string{}}
	raw, version, err := from.Settings(ctx, NameClaims)
	if err != nil || version == 0 {
		return c, version, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, version, fmt.Errorf("read claims: %w", err)
	}
	return c, version, nil
}

// Equal tells whether two claims say the same.
func (c Claims) Equal(other Claims) bool {
	return c.Manager == other.Manager && c.SMTP == other.SMTP && slices.Equal(c.Configuration, other.Configuration)
}

// Broken lists the claimed fields in which two configurations differ.
func (c Claims) Broken(before, after Configuration) ([]string, error) {
	was, err := fieldsOf(before)
	if err != nil {
		return nil, err
	}
	is, err := fieldsOf(after)
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, field := range c.Configuration {
		if string(was[field]) != string(is[field]) {
			broken = append(broken, field)
		}
	}
	return broken, nil
}

// Unknown lists the fields of a change that no configuration has, in order.
func (d Document) Unknown(known any) ([]string, error) {
	names, err := fieldsOf(known)
	if err != nil {
		return nil, err
	}
	var unknown []string
	for name := range d {
		if _, ok := names[name]; !ok {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown, nil
}

// Fields lists what was set, in order.
func (d Document) Fields() []string {
	all := make([]string, 0, len(d))
	for name := range d {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
