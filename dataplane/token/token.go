// Package token says what a client may transfer.
//
// A client presents one of three kinds of tokens: a transfer token sealed by this node ("ATM3_...TA"), the credentials
// of an access key ("Basic ..."), or a bearer token signed by the owner of an access key ("Bearer ..."). Whatever the
// kind, Authorize turns it into a Grant, or into an error that says why not. The package opens no file and no
// connection, and no error text holds any part of a token.
package token

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"faspex.io/operator/dataplane/transferspec"
)

// Direction of a transfer as the client sees it.
type Direction = transferspec.Direction

// The two directions.
const (
	Send    = transferspec.Send
	Receive = transferspec.Receive
)

// Path is a source, a destination, or an exact pair of both, as absolute slash paths relative to Grant.Root.
type Path = transferspec.Path

// Rates limits a transfer, in kilobits per second; 0 is no limit.
type Rates struct {
	TargetKbps    int64  `json:"target,omitempty"`
	TargetCapKbps int64  `json:"cap,omitempty"`
	MinKbps       int64  `json:"min,omitempty"`
	Policy        string `json:"policy,omitempty"`
}

// Lives of tokens.
const (
	// DefaultLife is that of a token for which none was asked: a transfer spec is used at once or asked for again.
	DefaultLife = 10 * time.Minute
	// MaxLife is the longest that may be asked for.
	MaxLife = 7 * 24 * time.Hour
)

// Uses says that at most Limit tokens with this name are used, however often each of them is.
type Uses struct {
	Name  string `json:"name"`
	Limit int64  `json:"limit"`
}

// Grant is what a token allows.
type Grant struct {
	// TransferID is the UUID under which the transfer is recorded: retries with one token are one transfer.
	TransferID string    `json:"xid"`
	Direction  Direction `json:"dir"`
	// Root is the folder that all paths of the client are relative to. Authorize gives it beneath the storage root ("/" is
	// the storage root). In the seal of a token that was made with an access key it is beneath the key's folder, wherever
	// that is when the token is used.
	Root string `json:"root"`
	// Paths is what is allowed beneath Root; nil allows everything beneath it. An entry with only a Destination allows
	// uploads into that folder, one with only a Source downloads of that file or tree, one with both that pair alone.
	Paths []Path `json:"paths,omitempty"`
	// User is the transfer user (SSH user) the token was made for; empty if any transfer user may present it.
	User string `json:"user,omitempty"`
	// TokenUser is the node user, access key or bearer user that obtained the token.
	TokenUser string `json:"by,omitempty"`
	AccessKey string `json:"key,omitempty"`
	// KeyCreatedUsec is when AccessKey was made: a key made anew with the same id is another.
	KeyCreatedUsec int64           `json:"kmade,omitempty"`
	ExpiresAt      time.Time       `json:"exp"`
	Cookie         string          `json:"cookie,omitempty"`
	Tags           json.RawMessage `json:"tags,omitempty"`
	Rates          Rates           `json:"rates,omitzero"`
	// IssuedUsec is when the token was made, by the clock of the nodes' database, in microseconds since 1970. A token
	// without it counts as older than every revocation.
	IssuedUsec int64 `json:"iat,omitempty"`
	// Uses limits how many tokens are used; nil is no limit.
	Uses *Uses `json:"uses,omitempty"`
	// LoginKeys are the fingerprints of SSH keys of which the client must have logged in with one; nil asks for none.
	LoginKeys []string `json:"ssh,omitempty"`
	// Ciphers are those that the session may use, strongest first; nil permits all. They are the
	// access key's when the token is used.
	Ciphers []string `json:"-"`
	// Session is what the access key demands when the token is used.
	Session SessionRules `json:"-"`
	// KeepExisting says that the upload may add files and replace none. It is what the bearer token's
	// user may when the token is used.
	KeepExisting bool `json:"-"`
	// Kind is the kind of token presented: "transfer", "basic" or "bearer". It is not sealed.
	Kind string `json:"-"`
}

// Request is what a client presents and wants.
type Request struct {
	// Token is the text as given: "ATM3_...TA", "Basic ..." or "Bearer ...".
	Token     string
	Direction Direction
	// User is the SSH user that authenticated.
	User string
	// Proved says that the user logged in with a key or a password of the user's own, not with what everybody has.
	Proved bool
	// TransferID is what the client calls the transfer, for transfers without a token.
	TransferID string
	// Addr is the client's IP address.
	Addr string
	// LoginKey is the fingerprint of the SSH key that the client has proved to hold; empty if it has proved none.
	LoginKey string
	// Door is the way that the client came in by, for statistics.
	Door string
	// Tags is the JSON of the client's tags; gen4 transfers name their folder in tags.aspera.node.file_id.
	Tags json.RawMessage
	// Sources are the paths to download, with the client's source root already joined; ignored for uploads.
	Sources []string
	// Destination is the folder (or file) an upload goes to; empty takes the token's own if it has exactly one.
	Destination string
	// Pairs are source/destination pairs, when the client named its files that way, with the roots already joined.
	Pairs []Path
}

// Authorizer decides on requests. Its errors wrap one of the sentinel errors below, or are a failure to decide
// (a database that does not answer), which a client may retry.
type Authorizer interface {
	Authorize(ctx context.Context, req Request) (Grant, error)
}

// ThrottledError is an ErrThrottled that knows how long it holds.
type ThrottledError struct{ RetryAfter time.Duration }

func (e ThrottledError) Error() string { return ErrThrottled.Error() }

// Is reports whether target is ErrThrottled.
func (e ThrottledError) Is(target error) bool { return target == ErrThrottled }

// Why a request is refused. The texts are shown to users.
var (
	ErrMissing        = errors.New("authorization token is missing")
	ErrInvalid        = errors.New("authorization token is invalid")
	ErrUnknownKey     = errors.New("authorization token was made with a key that is no longer in use")
	ErrExpired        = errors.New("authorization token has expired")
	ErrWrongDirection = errors.New("authorization token is for the other direction")
	ErrWrongUser      = errors.New("authorization token is for another transfer user")
	ErrWrongLoginKey  = errors.New("authorization token is for a client that logs in with another SSH key")
	ErrPathNotAllowed = errors.New("path is not allowed by the authorization token")
	ErrBadCredentials = errors.New("access key or secret is wrong")
	ErrThrottled      = errors.New("too many failed logins, try again later")
	ErrNotPermitted   = errors.New("the bearer token's user has no permission for this")
	ErrElsewhere      = errors.New("the access key is not for clients at this address")
	ErrFileNotFound   = errors.New("file id does not exist")
	ErrRevoked        = errors.New("authorization token was withdrawn")
	ErrUsedUp         = errors.New("downloaded as often as allowed")
)
