package config

import (
	"errors"
	"fmt"
	"path"

	"go.yaml.in/yaml/v3"

	"faspex.io/operator/dataplane/token"
)

// TransferUser is an SSH user. In the file it is a name alone, or a mapping.
type TransferUser struct {
	Name string `yaml:"name"`
	// Docroot is the folder of transfers without a token, beneath the storage root.
	Docroot string `yaml:"docroot"`
	// Incoming is for uploads to the node, Outgoing for downloads from it: token, allow or deny; empty is token.
	Incoming token.Mode `yaml:"incoming"`
	Outgoing token.Mode `yaml:"outgoing"`
}

// UnmarshalYAML takes a name for a user of whom nothing else is said.
func (u *TransferUser) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&u.Name)
	}
	// Decoders of parts of a file take fields that they don't know.
	for i := 0; node.Kind == yaml.MappingNode && i < len(node.Content); i += 2 {
		switch name := node.Content[i].Value; name {
		case "name", "docroot", "incoming", "outgoing":
		default:
			return fmt.Errorf("line %d: field %s of transferUsers is not known", node.Content[i].Line, name)
		}
	}
	type plain TransferUser
	return node.Decode((*plain)(u))
}

// Names are those of the transfer users.
func (c Config) Names() []string {
	names := make([]string, 0, len(c.TransferUsers))
	for _, u := range c.TransferUsers {
		names = append(names, u.Name)
	}
	return names
}

// UserRules are the rules of the transfer users.
func (c Config) UserRules() map[string]token.UserRules {
	rules := map[string]token.UserRules{}
	for _, u := range c.TransferUsers {
		rules[u.Name] = token.UserRules{Incoming: u.Incoming, Outgoing: u.Outgoing, Docroot: u.Docroot}
	}
	return rules
}

func checkTransferUsers(users []TransferUser) error {
	if len(users) == 0 {
		return errors.New("transferUsers must name at least one user")
	}
	seen := map[string]bool{}
	var errs []error
	for _, u := range users {
		switch {
		case u.Name == "" || seen[u.Name]:
			errs = append(errs, errors.New("transferUsers must have names, each its own"))
		case !u.Incoming.Valid() || !u.Outgoing.Valid():
			errs = append(errs, fmt.Errorf("transferUsers: incoming and outgoing of %s must be token, allow or deny", u.Name))
		case u.Docroot != "" && (!path.IsAbs(u.Docroot) || path.Clean(u.Docroot) != u.Docroot):
			errs = append(errs, fmt.Errorf("transferUsers: docroot of %s must be absolute, without . and .. in it", u.Name))
		case u.Docroot == "" && (u.Incoming == token.ModeAllow || u.Outgoing == token.ModeAllow):
			errs = append(errs, fmt.Errorf("transferUsers: %s needs a docroot to transfer without a token; / is all", u.Name))
		}
		seen[u.Name] = true
	}
	return errors.Join(errs...)
}
