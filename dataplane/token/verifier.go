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
	// Root is the storage path of the key, a clean absolute path beneath the storage root.
	Root string
	// VerificationKey is the PEM public key for bearer tokens; empty if the key takes none.
	VerificationKey string
	// Rates limit the transfers made with the key.
	Rates Rates
}

// AccessKeys finds access keys and their files. Unknown keys and ids are errors that wrap ErrBadCredentials and ErrFileNotFound.
type AccessKeys interface {
	// AccessKey reads a key.
	AccessKey(ctx context.Context, id string) (AccessKey, error)
	// CheckSecret reads a key if the secret is its own.
	CheckSecret(ctx context.Context, id, secret string) (AccessKey, error)
	// FilePath is the path of a file id, relative to the key's root.
	FilePath(ctx context.Context, accessKey, fileID string) (string, error)
}

// Verifier is the Authorizer of a node.
type Verifier struct {
	Keys       *Keyring
	AccessKeys AccessKeys
	Now        func() time.Time
}

// basicLife is how long a transfer that began with an access key's own credentials may be resumed without asking again.
const basicLife = 24 * time.Hour

// Authorize turns a token into what it allows, and refuses a request that asks for more.
func (v *Verifier) Authorize(ctx context.Context, req Request) (Grant, error) {
	if !req.Direction.Valid() {
		return Grant{}, ErrWrongDirection
	}
	text := strings.TrimSpace(req.Token)
	var g Grant
	var err error
	switch scheme, rest, _ := strings.Cut(text, " "); {
	case text == "":
		return Grant{}, ErrMissing
	case strings.HasPrefix(text, "AT"):
		g, err = v.transfer(ctx, text)
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
	if err := g.check(req, v.Now()); err != nil {
		return Grant{}, err
	}
	return g, nil
}

// transfer opens a transfer token. One that was made with an access key is good for as long as the key is there.
func (v *Verifier) transfer(ctx context.Context, text string) (Grant, error) {
	g, err := v.Keys.Open(text)
	if err != nil || g.AccessKey == "" {
		return g, err
	}
	switch _, err := v.AccessKeys.AccessKey(ctx, g.AccessKey); {
	case errors.Is(err, ErrBadCredentials):
		return Grant{}, fmt.Errorf("%w: the access key it was made with is gone", ErrInvalid)
	case err != nil:
		return Grant{}, fmt.Errorf("access key of the token: %w", err)
	}
	return g, nil
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
	key, err := v.AccessKeys.CheckSecret(ctx, id, secret)
	if err != nil {
		return Grant{}, fmt.Errorf("basic token: %w", err)
	}
	return v.gen4(ctx, key, req, Grant{
		Kind: KindBasic, TokenUser: key.ID, ExpiresAt: v.Now().Add(basicLife),
	})
}

func (v *Verifier) bearer(ctx context.Context, text string, req Request) (Grant, error) {
	bearer, key, err := v.OpenBearer(ctx, text)
	if err != nil {
		return Grant{}, err
	}
	// Only the owner of the key may use all of its folder; nothing grants other users a part of it yet.
	if !bearer.Admin() {
		return Grant{}, fmt.Errorf("%w: the bearer token's user has no permission on this storage", ErrPathNotAllowed)
	}
	return v.gen4(ctx, key, req, Grant{
		Kind: KindBearer, TokenUser: bearer.UserID, ExpiresAt: bearer.ExpiresAt,
	})
}

// OpenBearer verifies the text of a bearer token (without the word "Bearer") with the key of the access key it names.
func (v *Verifier) OpenBearer(ctx context.Context, text string) (Bearer, AccessKey, error) {
	u, err := unpackBearer(text)
	if err != nil {
		return Bearer{}, AccessKey{}, err
	}
	id, _, err := u.accessKey()
	if err != nil {
		return Bearer{}, AccessKey{}, err
	}
	key, err := v.AccessKeys.AccessKey(ctx, id)
	if err != nil {
		return Bearer{}, AccessKey{}, fmt.Errorf("bearer token: %w", err)
	}
	bearer, err := u.verify(key.VerificationKey, v.Now())
	return bearer, key, err
}

// gen4 completes a grant for a client that names its folder by file id, in tags.aspera.node. Without tags it is the key's root.
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
		folder, err := v.AccessKeys.FilePath(ctx, key.ID, node.FileID)
		if err != nil {
			return Grant{}, err
		}
		g.Root = path.Join(key.Root, folder)
	}
	g.Direction, g.AccessKey, g.Tags, g.Rates = req.Direction, key.ID, req.Tags, key.Rates
	g.TransferID = transferID(key.ID, tags.Aspera.XferID)
	return g, nil
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
		ErrBadCredentials, ErrFileNotFound,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
