package token

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The kinds of tokens.
const (
	KindTransfer = "transfer"
	KindBasic    = "basic"
	KindBearer   = "bearer"
)

// AccessKey is what the verifier has to know of an access key.
type AccessKey struct {
	ID string
	// CreatedUsec is when the key was made, in microseconds since 1970.
	CreatedUsec int64
	// Root is the storage path of the key, a clean absolute path beneath the storage root.
	Root string
	// VerificationKey is the PEM public key for bearer tokens; empty if the key takes none.
	VerificationKey string
	// Rates limit the transfers made with the key.
	Rates Rates
	// Ciphers are those that sessions with the key may use; nil permits all.
	Ciphers []string
	// Networks say from where the key may be used.
	Networks []Networks
	Session  SessionRules
}

// SessionRules are what an access key demands of sessions.
type SessionRules struct {
	// PreserveTimes keeps the times of files, whatever the client asks for.
	PreserveTimes bool
	// Checksum is for clients that ask for none.
	Checksum string
	// Aggressiveness, above 0 and up to 1, changes the share that the rate policy claims; 0 leaves it.
	Aggressiveness float64
	// EncryptedOnly takes no file that is not encrypted.
	EncryptedOnly bool
}

// use completes a grant by what the key demands, and refuses a client from elsewhere.
func (k AccessKey) use(g Grant, address string) (Grant, error) {
	if !Admits(k.Networks, address) {
		return Grant{}, ErrElsewhere
	}
	g.Ciphers, g.Session = k.Ciphers, k.Session
	return g, nil
}

// AccessKeys finds access keys and their files. Unknown keys and ids are errors that wrap
// ErrBadCredentials and ErrFileNotFound.
type AccessKeys interface {
	// AccessKey reads a key.
	AccessKey(ctx context.Context, id string) (AccessKey, error)
	// CheckSecret reads a key if the secret is its own.
	CheckSecret(ctx context.Context, id, secret string) (AccessKey, error)
	// FilePath is the path of a file id, relative to the key's root.
	FilePath(ctx context.Context, key AccessKey, fileID string) (string, error)
	// Levels are what the user of a bearer token may do with what is, or would be, at a path relative to the key's root.
	Levels(ctx context.Context, key AccessKey, b Bearer, p string) (Levels, error)
}

// Ledger knows what became of transfer tokens after they were issued, on all nodes. An error is a failure to decide.
type Ledger interface {
	// Withdrawn reports whether tokens with this grant's tags and direction were revoked since it was issued.
	Withdrawn(ctx context.Context, g Grant) (bool, error)
	// Begun reports whether the token's transfer runs, or was cut so lately that its client may still resume it.
	Begun(ctx context.Context, g Grant) (bool, error)
	// Use counts the token under the name of its uses, once however often it is called, and reports
	// false if it would be one too many.
	Use(ctx context.Context, g Grant) (bool, error)
}

// NoAccessKeys is the empty table of access keys, of programs that know transfer tokens alone.
type NoAccessKeys struct{}

// AccessKey knows none.
func (NoAccessKeys) AccessKey(context.Context, string) (AccessKey, error) {
	return AccessKey{}, ErrBadCredentials
}

// CheckSecret knows none.
func (NoAccessKeys) CheckSecret(context.Context, string, string) (AccessKey, error) {
	return AccessKey{}, ErrBadCredentials
}

// Levels are none.
func (NoAccessKeys) Levels(context.Context, AccessKey, Bearer, string) (Levels, error) {
	return nil, nil
}

// FilePath knows none.
func (NoAccessKeys) FilePath(context.Context, AccessKey, string) (string, error) {
	return "", ErrFileNotFound
}

// NoLedger is the ledger of programs that withdraw and count no tokens.
type NoLedger struct{}

// Withdrawn implements Ledger.
func (NoLedger) Withdrawn(context.Context, Grant) (bool, error) { return false, nil }

// Begun implements Ledger.
func (NoLedger) Begun(context.Context, Grant) (bool, error) { return false, nil }

// Use implements Ledger: it can't count, so it refuses what has to be counted.
func (NoLedger) Use(_ context.Context, g Grant) (bool, error) { return g.Uses == nil, nil }

// Verifier is the Authorizer of a node.
type Verifier struct {
	Keys       *Keyring
	AccessKeys AccessKeys
	// Ledger is asked about each transfer token.
	Ledger Ledger
	// Spend, if not nil, takes the time of a wrong secret. A bearer token that is refused takes it, so that the time of a
	// refusal does not tell which access keys there are.
	Spend func(ctx context.Context) error
	// Users are the rules of transfer users; one without rules needs a token.
	Users map[string]UserRules
	Now   func() time.Time
}

// Authorize turns a token into what it allows, and refuses a request that asks for more.
func (v *Verifier) Authorize(ctx context.Context, req Request) (Grant, error) {
	if !req.Direction.Valid() {
		return Grant{}, ErrWrongDirection
	}
	g, decided, err := v.user(req)
	if decided {
		return g, err
	}
	text := strings.TrimSpace(req.Token)
	switch scheme, rest, _ := strings.Cut(text, " "); {
	case text == "":
		return Grant{}, ErrMissing
	case strings.HasPrefix(text, "AT"):
		g, err = v.transfer(ctx, text, req.Addr)
	case strings.EqualFold(scheme, "Basic"):
		g, err = v.basic(ctx, rest, req)
	case strings.EqualFold(scheme, "Bearer"):
		g, err = v.bearer(ctx, rest, req)
	default:
		err = ErrInvalid
	}
	if err != nil {
		return Grant{}, err
	}
	expired := !v.Now().Before(g.ExpiresAt)
	if expired && g.Kind != KindTransfer {
		return Grant{}, ErrExpired
	}
	if err := g.check(req); err != nil {
		return Grant{}, err
	}
	if g.Kind != KindTransfer {
		return g, nil
	}
	if expired {
		if err := v.goesOn(ctx, g); err != nil {
			return Grant{}, err
		}
	}
	if err := v.lookUp(ctx, g); err != nil {
		return Grant{}, err
	}
	return g, nil
}

// goesOn refuses a transfer token that has expired, unless it is for a transfer that has begun: who was cut off after
// an hour need not ask for another token to resume.
func (v *Verifier) goesOn(ctx context.Context, g Grant) error {
	if v.Ledger == nil {
		return ErrExpired
	}
	begun, err := v.Ledger.Begun(ctx, g)
	if err != nil {
		return fmt.Errorf("look up transfer: %w", err)
	}
	if !begun {
		return ErrExpired
	}
	return nil
}

// lookUp asks what became of a transfer token since it was made. It comes last: a request
// that is refused uses no token.
func (v *Verifier) lookUp(ctx context.Context, g Grant) error {
	if v.Ledger == nil {
		return errors.New("look up token: there is no ledger")
	}
	gone, err := v.Ledger.Withdrawn(ctx, g)
	if err != nil {
		return fmt.Errorf("look up token: %w", err)
	}
	if gone {
		return ErrRevoked
	}
	if g.Uses == nil {
		return nil
	}
	allowed, err := v.Ledger.Use(ctx, g)
	if err != nil {
		return fmt.Errorf("count token: %w", err)
	}
	if !allowed {
		return ErrUsedUp
	}
	return nil
}

// transfer opens a transfer token. One that was made with an access key is good for as long as the key is there, for
// the folder and within the limits that the key has now.
func (v *Verifier) transfer(ctx context.Context, text, address string) (Grant, error) {
	g, err := v.Keys.Open(text)
	if err != nil || g.AccessKey == "" {
		return g, err
	}
	key, err := v.AccessKeys.AccessKey(ctx, g.AccessKey)
	switch {
	case errors.Is(err, ErrBadCredentials), err == nil && key.CreatedUsec != g.KeyCreatedUsec:
		return Grant{}, fmt.Errorf("%w: the access key it was made with is gone", ErrInvalid)
	case err != nil:
		return Grant{}, fmt.Errorf("access key of the token: %w", err)
	}
	g.Root = path.Join(key.Root, path.Clean("/"+g.Root))
	g.Rates = g.Rates.within(key.Rates)
	return key.use(g, address)
}

// within holds the rates of a token to those of the access key it was made with.
func (r Rates) within(key Rates) Rates {
	if key.TargetCapKbps > 0 && (r.TargetCapKbps <= 0 || key.TargetCapKbps < r.TargetCapKbps) {
		r.TargetCapKbps = key.TargetCapKbps
	}
	if limit := r.TargetCapKbps; limit > 0 {
		r.TargetKbps, r.MinKbps = min(r.TargetKbps, limit), min(r.MinKbps, limit)
	}
	return r
}

func (v *Verifier) basic(ctx context.Context, credentials string, req Request) (Grant, error) {
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(credentials))
	if err != nil {
		return Grant{}, ErrInvalid
	}
	id, secret, ok := strings.Cut(string(decoded), ":")
	if !ok {
		return Grant{}, ErrInvalid
	}
	key, err := v.AccessKeys.CheckSecret(WithAddress(ctx, req.Addr), id, secret)
	if err != nil {
		return Grant{}, fmt.Errorf("basic token: %w", err)
	}
	return v.gen4(ctx, key, req, Grant{
		Kind: KindBasic, TokenUser: key.ID, ExpiresAt: v.Now().Add(DefaultLife),
	})
}

func (v *Verifier) bearer(ctx context.Context, text string, req Request) (Grant, error) {
	bearer, key, err := v.OpenBearer(WithAddress(ctx, req.Addr), text)
	if err != nil {
		return Grant{}, err
	}
	g, err := v.gen4(ctx, key, req, Grant{Kind: KindBearer, TokenUser: bearer.UserID, ExpiresAt: bearer.ExpiresAt})
	if err != nil || bearer.Admin() {
		return g, err
	}
	return v.permitted(ctx, key, bearer, req, g)
}

// permitted holds the grant of a bearer token's user to what was permitted to the user on the paths that are asked for.
// What is beneath a permitted path is permitted.
func (v *Verifier) permitted(ctx context.Context, key AccessKey, b Bearer, req Request, g Grant) (Grant, error) {
	var asked []Path
	level := LevelRead
	switch req.Direction {
	case Send:
		level = LevelWrite
		for _, pair := range req.Pairs {
			asked = append(asked, Path{Destination: pair.Destination})
		}
		if len(asked) == 0 {
			asked = []Path{{Destination: absolute(req.Destination)}}
		}
	default:
		for _, pair := range req.Pairs {
			asked = append(asked, Path{Source: pair.Source})
		}
		for _, source := range req.Sources {
			asked = append(asked, Path{Source: source})
		}
	}
	root := strings.TrimPrefix(g.Root, strings.TrimSuffix(key.Root, "/"))
	all, err := v.AccessKeys.Levels(ctx, key, b, root)
	if err != nil {
		return Grant{}, fmt.Errorf("permissions of the bearer token's user: %w", err)
	}
	g.KeepExisting = !all[LevelDelete]
	if all[level] {
		return g, nil
	}
	g.KeepExisting = false
	for _, p := range asked {
		named := p.Source + p.Destination // One of them is empty.
		levels, err := v.AccessKeys.Levels(ctx, key, b, path.Join(root, absolute(named)))
		if err != nil {
			return Grant{}, fmt.Errorf("permissions of the bearer token's user: %w", err)
		}
		if !levels[level] {
			return Grant{}, fmt.Errorf("%w: it has none to %s there", ErrNotPermitted, level)
		}
		g.KeepExisting = g.KeepExisting || !levels[LevelDelete]
	}
	if len(asked) == 0 {
		return Grant{}, fmt.Errorf("%w: no source is named", ErrPathNotAllowed)
	}
	g.Paths = asked
	return g, nil
}

// gen4 completes a grant for a client that names its folder by file id, in tags.aspera.node.
// Without tags it is the key's root.
func (v *Verifier) gen4(ctx context.Context, key AccessKey, req Request, g Grant) (Grant, error) {
	var tags struct {
		Aspera struct {
			XferID string `json:"xfer_id"`
			Node   struct {
				AccessKey string `json:"access_key"`
				FileID    string `json:"file_id"`
			} `json:"node"`
		} `json:"aspera"`
	}
	if err := CheckTags(req.Tags); err != nil {
		return Grant{}, err
	}
	if len(req.Tags) > 0 {
		if err := json.Unmarshal(req.Tags, &tags); err != nil {
			return Grant{}, fmt.Errorf("%w: tags are not what a node expects", ErrInvalid)
		}
	}
	node := tags.Aspera.Node
	if node.AccessKey != "" && node.AccessKey != key.ID {
		return Grant{}, fmt.Errorf("%w: the tags name another access key", ErrPathNotAllowed)
	}
	g.Root = key.Root
	if node.FileID != "" {
		folder, err := v.AccessKeys.FilePath(ctx, key, node.FileID)
		if err != nil {
			return Grant{}, err
		}
		g.Root = path.Join(key.Root, folder)
	}
	g.Direction, g.AccessKey, g.KeyCreatedUsec, g.Tags = req.Direction, key.ID, key.CreatedUsec, req.Tags
	g.Rates = key.Rates.within(key.Rates)
	g.TransferID = transferID(key.ID, tags.Aspera.XferID)
	return key.use(g, req.Addr)
}

// transferID makes retries of one client transfer one transfer, and keeps the ids of different access keys apart.
func transferID(accessKey, clientID string) string {
	if clientID == "" {
		return uuid.NewString()
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("access-key:"+accessKey+":"+clientID)).String()
}

// IsRefusal reports whether the error is a decision about the token, not a failure to decide.
func IsRefusal(err error) bool {
	for _, refusal := range []error{
		ErrMissing, ErrInvalid, ErrUnknownKey, ErrExpired, ErrWrongDirection, ErrWrongUser, ErrPathNotAllowed,
		ErrBadCredentials, ErrFileNotFound, ErrNotPermitted, ErrElsewhere, ErrRevoked, ErrUsedUp, ErrThrottled,
		ErrWrongLoginKey, ErrDenied,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
