package nodeapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// Clients put ids into URLs unescaped.
var accessKeyID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$`)

const (
	folderMode      = 0o755
	maxSecretLength = 256
	// maxConfigurationBytes bounds what is stored for a key and never read by this node.
	maxConfigurationBytes = 64 << 10
)

func (s *Server) listAccessKeys(ctx context.Context, c *caller, _ *http.Request) (any, error) {
	if c.bearer {
		return nil, errForbidden("a bearer token can't manage access keys")
	}
	keys, err := s.Store.AccessKeys(ctx, c.keyID())
	if err != nil {
		return nil, err
	}
	out := []client.AccessKey{}
	for _, k := range keys {
		if c.manages(k.StoragePath) {
			described, err := s.describeKey(ctx, c, k)
			if err != nil {
				return nil, err
			}
			out = append(out, described)
		}
	}
	return out, nil
}

func (s *Server) createAccessKey(ctx context.Context, c *caller, r *http.Request) (any, error) {
	if c.bearer {
		return nil, errForbidden("a bearer token can't manage access keys")
	}
	var in client.AccessKey
	if err := decodeKey(r, &in); err != nil {
		return nil, err
	}
	if in.ID == "" {
		in.ID = rand.Text()
	}
	if in.Secret == "" {
		in.Secret = rand.Text() + rand.Text()
	}
	if !accessKeyID.MatchString(in.ID) || in.ID == "self" || in.ID == s.NodeUser().Username {
		return nil, errBadRequest("id must be letters, digits and . _ ~ - and not be taken by the node")
	}
	if err := mayHaveStorage(c, in.Storage); err != nil {
		return nil, err
	}
	switch _, err := s.Store.NodeUser(ctx, in.ID); {
	case err == nil:
		return nil, errConflict("a node user has this id as its name")
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	change := client.AccessKeyUpdate{Secret: &in.Secret, Configuration: in.Configuration}
	if in.TokenVerificationKey != "" {
		change.TokenVerificationKey = &in.TokenVerificationKey
	}
	if err := checkKeyFields(change); err != nil {
		return nil, err
	}
	var err error
	if in.Configuration, err = keptConfiguration(in.Configuration); err != nil {
		return nil, err
	}
	folder, err := s.keyStorage(ctx, c, in.Storage, "")
	if err != nil {
		return nil, err
	}
	k := store.AccessKey{
		ID: in.ID, ParentID: c.keyID(), StoragePath: folder, TokenVerificationKey: in.TokenVerificationKey,
		Configuration: in.Configuration,
	}
	if err := s.Store.CreateAccessKey(ctx, k, in.Secret); err != nil {
		return nil, err
	}
	s.Log.Info("access key created", "accessKey", k.ID, "user", c.user)
	out, err := s.describeKey(ctx, c, k)
	if err != nil {
		return nil, err
	}
	out.Secret = in.Secret
	return out, nil
}

func (s *Server) readAccessKey(ctx context.Context, c *caller, r *http.Request) (any, error) {
	if err := c.ownOnly(); err != nil {
		return nil, err
	}
	k, err := s.visibleKey(ctx, c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return s.describeKey(ctx, c, k)
}

func (s *Server) updateAccessKey(ctx context.Context, c *caller, r *http.Request) (any, error) {
	k, err := s.manageableKey(ctx, c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var in client.AccessKeyUpdate
	if err := decodeKey(r, &in); err != nil {
		return nil, err
	}
	if err := checkKeyFields(in); err != nil {
		return nil, err
	}
	if k.ID == c.keyID() {
		if err := checkOwnChange(k, in); err != nil {
			return nil, err
		}
		in.Configuration, in.Storage = nil, nil
	} else if in.Configuration, err = keptConfiguration(in.Configuration); err != nil {
		return nil, err
	}
	change := store.AccessKeyChange{Secret: in.Secret, TokenVerificationKey: in.TokenVerificationKey,
		Configuration: in.Configuration}
	if in.FormerSecret != "" {
		change.FormerSecret = &store.FormerSecret{Secret: in.FormerSecret, Until: *in.FormerSecretUntil}
	}
	if in.Storage != nil {
		if err := mayHaveStorage(c, in.Storage); err != nil {
			return nil, err
		}
		folder, err := s.keyStorage(ctx, c, in.Storage, k.StoragePath)
		if err != nil {
			return nil, err
		}
		change.StoragePath = &folder
	}
	if err := s.Store.UpdateAccessKey(ctx, k.ID, change); err != nil {
		return nil, err
	}
	s.Log.Info("access key changed", "accessKey", k.ID, "user", c.user)
	return nil, nil
}

// checkOwnChange refuses what a key may not change of itself: its owner set the limits and the folder. What a client
// sends back as it read it is no change.
func checkOwnChange(k store.AccessKey, in client.AccessKeyUpdate) error {
	if in.Configuration != nil && !sameJSON(in.Configuration, k.Configuration) {
		return errForbidden("an access key can't change its own configuration")
	}
	if in.Storage != nil {
		if clean, err := storage.Clean(strings.TrimPrefix(in.Storage.Path, "file://")); err != nil || clean != "/" {
			return errForbidden("an access key can't change its own storage")
		}
	}
	return nil
}

// sameJSON reports whether two texts are the same JSON value; nothing counts as an empty object.
func sameJSON(a, b json.RawMessage) bool {
	var values [2]any
	for i, text := range []json.RawMessage{a, b} {
		if len(text) == 0 {
			text = json.RawMessage("{}")
		}
		if json.Unmarshal(text, &values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

func (s *Server) deleteAccessKey(ctx context.Context, c *caller, r *http.Request) (any, error) {
	k, err := s.manageableKey(ctx, c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if k.ID == c.keyID() {
		return nil, errForbidden("an access key can't delete itself")
	}
	recursive := r.URL.Query().Get("recursive")
	if recursive != "" && recursive != "true" && recursive != "false" {
		return nil, errBadRequest("recursive must be true or false")
	}
	if err := s.Store.DeleteAccessKey(ctx, k.ID, recursive == "true"); err != nil {
		return nil, err
	}
	s.Log.Info("access key deleted", "accessKey", k.ID, "user", c.user)
	return nil, nil
}

// manages reports whether keys for a folder are the caller's to see: of node users, only
// those with restrictions manage any.
func (c *caller) manages(folder string) bool {
	return c.node == nil || c.node.Docroot == "" && c.node.Permits(folder)
}

// mayManage says why a key can't be made for a folder.
func (c *caller) mayManage(folder string) error {
	switch {
	case c.manages(folder):
		return nil
	case c.node.Docroot != "":
		return errForbidden("transfer user " + c.node.TransferUser +
			" has a docroot: access keys are made by a user of a transfer user that has a restriction instead")
	}
	return errRestricted
}

// visibleKey reads a key that the caller may know of: the node user all, a key itself and those below it.
func (s *Server) visibleKey(ctx context.Context, c *caller, id string) (store.AccessKey, error) {
	if id == "" || id == "self" {
		if c.key == nil {
			return store.AccessKey{}, errNotFound("the node user is not an access key")
		}
		return *c.key, nil
	}
	k, err := s.Store.AccessKey(ctx, id)
	if err != nil {
		return store.AccessKey{}, err
	}
	if !c.manages(k.StoragePath) {
		return store.AccessKey{}, errNotFound("not found")
	}
	if c.key == nil || k.ID == c.key.ID {
		return k, nil
	}
	below, err := s.Store.IsBelow(ctx, k, c.key.ID)
	if err == nil && !below {
		err = errNotFound("not found")
	}
	return k, err
}

func (s *Server) manageableKey(ctx context.Context, c *caller, id string) (store.AccessKey, error) {
	if c.bearer {
		return store.AccessKey{}, errForbidden("a bearer token can't manage access keys")
	}
	return s.visibleKey(ctx, c, id)
}

func checkKeyFields(in client.AccessKeyUpdate) error {
	if in.Secret != nil && (*in.Secret == "" || len(*in.Secret) > maxSecretLength) {
		return errBadRequest(fmt.Sprintf("secret must have 1 to %d characters", maxSecretLength))
	}
	switch former := in.FormerSecret != ""; {
	case former != (in.FormerSecretUntil != nil), former && in.Secret == nil:
		return errBadRequest("former_secret and former_secret_until come together, beside a new secret")
	case len(in.FormerSecret) > maxSecretLength:
		return errBadRequest(fmt.Sprintf("former_secret must have 1 to %d characters", maxSecretLength))
	}
	if in.TokenVerificationKey != nil && *in.TokenVerificationKey != "" {
		if _, err := token.ParseVerificationKey(*in.TokenVerificationKey); err != nil {
			return errBadRequest(err.Error())
		}
	}
	return nil
}

// keptConfiguration is the form of a configuration that is kept; what asks for something that the node
// does not do is refused by name.
func keptConfiguration(configuration json.RawMessage) (json.RawMessage, error) {
	if len(configuration) > maxConfigurationBytes {
		return nil, errBadRequest("configuration is too large")
	}
	kept, err := store.CheckConfiguration(configuration)
	if err != nil {
		return nil, errBadRequest(err.Error())
	}
	return kept, nil
}

// decodeKey reads a body with an access key. Fields that no storage of its type has are refused by name.
func decodeKey(r *http.Request, out any) error {
	text, err := body(r)
	if err != nil {
		return err
	}
	if !utf8.Valid(text) {
		return errNotUTF8
	}
	if err := decodeText(text, out); err != nil {
		return err
	}
	return checkStorageFields(text)
}
