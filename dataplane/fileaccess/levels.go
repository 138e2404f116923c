package fileaccess

import (
	"context"
	"errors"
	"path"
	"strings"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// User is a user of an access key, with the groups that a bearer token names.
type User struct {
	// AccessKey is the id of the key, Folder its folder beneath the storage root.
	AccessKey, Folder string
	ID                string
	Groups            []string
}

// Levels are what a user may do with what is, or would be, at a path beneath the key's folder: the union of what was
// permitted on it and on all folders above it, to the user and to its groups.
func (f *Files) Levels(ctx context.Context, u User, p string) (token.Levels, error) {
	clean, err := storage.Clean(p)
	if err != nil {
		return nil, err
	}
	ids, err := f.keptUnder(ctx, u.Folder, clean)
	if err != nil {
		return nil, err
	}
	return f.store.GrantedLevels(ctx, u.AccessKey, u.ID, u.Groups, ids)
}

// keptUnder are the ids under which permissions for a path beneath a key's folder are kept. What is
// not there has none of its own.
func (f *Files) keptUnder(ctx context.Context, folder, p string) ([]uint64, error) {
	way, err := f.way(ctx, path.Join(folder, p))
	if err != nil && !gone(err) {
		return nil, err
	}
	// The folders above that of the key are not the key's.
	above := strings.Count(strings.TrimSuffix(folder, "/"), "/")
	ids := []uint64{store.RootFileID}
	if len(way) > above+1 {
		ids = append(ids, way[above+1:]...)
	}
	return ids, nil
}

// Keys lets the tokens package look up access keys, the ids of their files, and what their users may do.
type Keys struct {
	Store *store.Store
	Files *Files
}

var _ token.AccessKeys = Keys{}

// AccessKey implements token.AccessKeys.
func (k Keys) AccessKey(ctx context.Context, id string) (token.AccessKey, error) {
	found, err := k.Store.AccessKey(ctx, id)
	return tokenKey(found, err)
}

// CheckSecret implements token.AccessKeys.
func (k Keys) CheckSecret(ctx context.Context, id, secret string) (token.AccessKey, error) {
	found, err := k.Store.CheckSecret(ctx, id, secret)
	return tokenKey(found, err)
}

// FilePath implements token.AccessKeys.
func (k Keys) FilePath(ctx context.Context, key token.AccessKey, fileID string) (string, error) {
	return k.Files.Path(ctx, key.Root, fileID)
}

// Levels implements token.AccessKeys.
func (k Keys) Levels(ctx context.Context, key token.AccessKey, b token.Bearer, p string) (token.Levels, error) {
	levels, err := k.Files.Levels(ctx, User{AccessKey: key.ID, Folder: key.Root, ID: b.UserID, Groups: b.GroupIDs}, p)
	if errors.Is(err, storage.ErrBadPath) {
		return nil, nil
	}
	return levels, err
}

func tokenKey(k store.AccessKey, err error) (token.AccessKey, error) {
	if errors.Is(err, store.ErrNotFound) {
		return token.AccessKey{}, token.ErrBadCredentials
	}
	if err != nil {
		return token.AccessKey{}, err
	}
	return token.AccessKey{
		ID: k.ID, CreatedUsec: k.CreatedUsec, Root: k.StoragePath, VerificationKey: k.TokenVerificationKey,
		Rates: token.Rates{TargetKbps: k.Limits.TargetRateKbps, TargetCapKbps: k.Limits.TargetRateCapKbps,
			Policy: k.Limits.Policy},
		Ciphers: k.Limits.Ciphers(), Networks: k.Networks,
		Session: token.SessionRules{
			PreserveTimes: k.Limits.PreserveTimestamps, Checksum: k.Limits.FileChecksumType,
			EncryptedOnly: k.Limits.ContentProtection, Aggressiveness: k.Limits.Aggressiveness,
		},
	}, nil
}

// Above are the ids under which permissions for a file are kept: of the key's folder, of the
// folders on the way, and its own.
func (f *Files) Above(ctx context.Context, folder, fileID string) ([]uint64, error) {
	p, err := f.Path(ctx, folder, fileID)
	if err != nil {
		return nil, err
	}
	return f.keptUnder(ctx, folder, p)
}
