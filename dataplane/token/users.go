package token

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Mode is what a transfer user may do in one direction.
type Mode string

// The modes.
const (
	// ModeToken asks for a token. It is what the empty mode means.
	ModeToken Mode = "token"
	// ModeAllow lets whoever logged in with a key or a password of the user's own transfer without a token, too.
	ModeAllow Mode = "allow"
	// ModeDeny refuses all, whatever token is presented.
	ModeDeny Mode = "deny"
)

// Valid reports whether m is one of the modes, or empty.
func (m Mode) Valid() bool { return m == "" || m == ModeToken || m == ModeAllow || m == ModeDeny }

// UserRules are what a transfer user may do.
type UserRules struct {
	// Incoming is for uploads to the node, Outgoing for downloads from it.
	Incoming, Outgoing Mode
	// Docroot is the folder of transfers without a token, beneath the storage root.
	Docroot string
}

func (r UserRules) mode(d Direction) Mode {
	if d == Send {
		return r.Incoming
	}
	return r.Outgoing
}

// ErrDenied is for transfer users who may not transfer in a direction at all.
var ErrDenied = errors.New("the transfer user may not transfer in this direction")

// KindTokenless is the kind of the grants of users who need no token.
const KindTokenless = "none"

// user applies the rules of the transfer user. It reports false if the token decides.
func (v *Verifier) user(req Request) (Grant, bool, error) {
	rules := v.Users[req.User]
	switch mode := rules.mode(req.Direction); {
	case mode == ModeDeny:
		return Grant{}, true, fmt.Errorf("%w: %s", ErrDenied, req.Direction)
	case mode == ModeAllow && req.Proved && req.Token == "":
		g, err := tokenless(rules.Docroot, req)
		return g, true, err
	}
	return Grant{}, false, nil
}

// tokenless is the grant of a transfer user who needs no token: all of the docroot. The transfer's id is one that no
// token has, so that nobody adds sessions to the transfer of a token (TestTokenlessGrants).
func tokenless(docroot string, req Request) (Grant, error) {
	if err := CheckTags(req.Tags); err != nil {
		return Grant{}, err
	}
	id := uuid.NewString()
	if req.TransferID != "" {
		id = uuid.NewSHA1(uuid.NameSpaceURL, []byte("transfer-user:"+req.User+":"+req.TransferID)).String()
	}
	return Grant{Direction: req.Direction, Root: absolute(docroot), User: req.User, TransferID: id, Kind: KindTokenless,
		Tags: req.Tags}, nil
}
