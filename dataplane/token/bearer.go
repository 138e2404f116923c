package token

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Bearer is the content of a bearer token whose signature has been verified.
type Bearer struct {
	UserID    string
	AccessKey string
	// Scope is "user:all" or "admin:all".
	Scope     string
	ExpiresAt time.Time
	GroupIDs  []string
}

const (
	bearerSeparator = "==SIGNATURE==\n"
	maxBearerBytes  = 64 << 10
	bearerTime      = "2006-01-02T15:04:05Z"
)

// unverified is a bearer token that has been unpacked and proves nothing yet.
type unverified struct {
	body, signature []byte
	claims          struct {
		UserID    string   `json:"user_id"`
		Scope     string   `json:"scope"`
		AuthType  string   `json:"auth_type"`
		ExpiresAt string   `json:"expires_at"`
		GroupIDs  []string `json:"group_ids"`
	}
}

// unpackBearer reads base64( zlib( JSON "\n" "==SIGNATURE==\n" base64(signature) ) ).
func unpackBearer(text string) (unverified, error) {
	if len(text) > maxBearerBytes {
		return unverified{}, ErrInvalid
	}
	// One token has one text: no bits are left over in its letters, and no bytes behind what is packed
	// (TestBearerTokenHasOneText).
	packed, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil {
		return unverified{}, ErrInvalid
	}
	rest := bytes.NewReader(packed)
	z, err := zlib.NewReader(rest)
	if err != nil {
		return unverified{}, ErrInvalid
	}
	content, err := io.ReadAll(io.LimitReader(z, maxBearerBytes))
	if err != nil || rest.Len() > 0 {
		return unverified{}, ErrInvalid
	}
	body, signature, ok := bytes.Cut(content, []byte(bearerSeparator))
	if !ok {
		return unverified{}, ErrInvalid
	}
	// The signature covers the bytes as they were sent, without the line end in front of the separator.
	u := unverified{body: bytes.TrimSuffix(body, []byte("\n"))}
	if u.signature, err = base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(signature))); err != nil {
		return unverified{}, ErrInvalid
	}
	if err := json.Unmarshal(u.body, &u.claims); err != nil {
		return unverified{}, ErrInvalid
	}
	return u, nil
}

// accessKey is the key that the token claims to be for: scope is "node.<access key>:<scope>".
func (u unverified) accessKey() (id, scope string, err error) {
	rest, ok := strings.CutPrefix(u.claims.Scope, "node.")
	if !ok {
		return "", "", ErrInvalid
	}
	id, scope, ok = strings.Cut(rest, ":")
	if !ok || id == "" || (scope != "user:all" && scope != "admin:all") || u.claims.UserID == "" {
		return "", "", ErrInvalid
	}
	return id, scope, nil
}

// verify checks the signature (RSASSA-PKCS1-v1_5 with SHA-512) and the time.
func (u unverified) verify(publicKeyPEM string, now time.Time) (Bearer, error) {
	id, scope, err := u.accessKey()
	if err != nil {
		return Bearer{}, err
	}
	key, err := ParseVerificationKey(publicKeyPEM)
	if err != nil {
		return Bearer{}, ErrInvalid
	}
	digest := sha512.Sum512(u.body)
	if rsa.VerifyPKCS1v15(key, crypto.SHA512, digest[:], u.signature) != nil {
		return Bearer{}, ErrInvalid
	}
	expires, err := time.Parse(bearerTime, u.claims.ExpiresAt)
	if err != nil {
		return Bearer{}, ErrInvalid
	}
	if !now.Before(expires) {
		return Bearer{}, ErrExpired
	}
	return Bearer{
		UserID: u.claims.UserID, AccessKey: id, Scope: scope, ExpiresAt: expires, GroupIDs: u.claims.GroupIDs,
	}, nil
}

// ParseVerificationKey reads the PEM public key of an access key ("BEGIN PUBLIC KEY", RSA of 2048 bits or more).
func ParseVerificationKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("token verification key is not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("token verification key is not a public key")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("token verification key is not an RSA key")
	}
	if key.N.BitLen() < 2048 {
		return nil, errors.New("token verification key is shorter than 2048 bits")
	}
	return key, nil
}

// Admin reports whether the token stands for the owner of the access key; any other user
// needs permissions on each folder.
func (b Bearer) Admin() bool { return b.Scope == "admin:all" }

// OpenBearer verifies the text of a bearer token (without the word "Bearer") with the key of the access key it names.
func (v *Verifier) OpenBearer(ctx context.Context, text string) (Bearer, AccessKey, error) {
	bearer, key, err := v.openBearer(ctx, text)
	// Who has an expired token was given it by the key's owner.
	if err == nil || v.Spend == nil || !IsRefusal(err) || errors.Is(err, ErrExpired) {
		return bearer, key, err
	}
	if busy := v.Spend(ctx); busy != nil {
		return Bearer{}, AccessKey{}, fmt.Errorf("refuse a bearer token: %w", busy)
	}
	return Bearer{}, AccessKey{}, err
}

func (v *Verifier) openBearer(ctx context.Context, text string) (Bearer, AccessKey, error) {
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
