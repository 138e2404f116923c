package store

import (
	"context"
	"errors"
	"strconv"

	"faspex.io/operator/dataplane/token"
)

// TokenKeys lets the tokens package look up access keys here.
type TokenKeys struct{ Store *Store }

var _ token.AccessKeys = TokenKeys{}

// AccessKey implements token.AccessKeys.
func (t TokenKeys) AccessKey(ctx context.Context, id string) (token.AccessKey, error) {
	k, err := t.Store.AccessKey(ctx, id)
	return tokenKey(k, err)
}

// CheckSecret implements token.AccessKeys.
func (t TokenKeys) CheckSecret(ctx context.Context, id, secret string) (token.AccessKey, error) {
	k, err := t.Store.CheckSecret(ctx, id, secret)
	return tokenKey(k, err)
}

// FilePath implements token.AccessKeys.
func (t TokenKeys) FilePath(ctx context.Context, accessKey, fileID string) (string, error) {
	id, err := strconv.ParseUint(fileID, 10, 64)
	if err != nil {
		return "", token.ErrFileNotFound
	}
	p, err := t.Store.FilePath(ctx, accessKey, id)
	if errors.Is(err, ErrNotFound) {
		return "", token.ErrFileNotFound
	}
	return p, err
}

func tokenKey(k AccessKey, err error) (token.AccessKey, error) {
	if errors.Is(err, ErrNotFound) {
		return token.AccessKey{}, token.ErrBadCredentials
	}
	if err != nil {
		return token.AccessKey{}, err
	}
	return token.AccessKey{
		ID: k.ID, CreatedUsec: k.CreatedUsec, Root: k.StoragePath, VerificationKey: k.TokenVerificationKey,
		Rates:   token.Rates{TargetKbps: k.Limits.TargetRateKbps, TargetCapKbps: k.Limits.TargetRateCapKbps, Policy: k.Limits.Policy},
		Ciphers: k.Limits.Ciphers(),
	}, nil
}
