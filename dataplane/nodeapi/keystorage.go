package nodeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/buckets"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
)

const typeLocal = "local"

// The fields of storages, by type.
var (
	localFields  = []string{"type", "path"}
	objectFields = []string{"type", "path", "endpoint", "region", "bucket", "storage_class", "server_side_encryption",
		"server_side_encryption_aws_kms_key_id", "path_style", "credentials"}
	credentialFields = []string{"access_key_id", "secret_access_key", "session_token"}
)

// checkStorageFields refuses what no storage of its type has. Null stands for a field that is not there.
func checkStorageFields(text []byte) error {
	var raw struct {
		Storage map[string]json.RawMessage `json:"storage"`
	}
	if err := decodeText(text, &raw); err != nil {
		return err
	}
	var kind string
	if raw.Storage["type"] != nil && json.Unmarshal(raw.Storage["type"], &kind) != nil {
		return errBadRequest("storage.type must be a text")
	}
	fields, why := localFields, `the type "local" has a path and no more`
	if kind != "" && kind != typeLocal {
		if err := objectstore.RefuseType(kind); err != nil {
			return errBadRequest(err.Error())
		}
		fields, why = objectFields, "the type "+strconv.Quote(kind)+" has "+strings.Join(objectFields[1:], ", ")
	}
	for _, name := range slices.Sorted(maps.Keys(raw.Storage)) {
		if string(raw.Storage[name]) != "null" && !slices.Contains(fields, name) {
			return errBadRequest("storage." + name + " is not supported: " + why)
		}
	}
	var credentials map[string]json.RawMessage
	if raw.Storage["credentials"] != nil && json.Unmarshal(raw.Storage["credentials"], &credentials) != nil {
		return errBadRequest("storage.credentials must be an object")
	}
	for _, name := range slices.Sorted(maps.Keys(credentials)) {
		if string(credentials[name]) != "null" && !slices.Contains(credentialFields, name) {
			return errBadRequest("storage.credentials." + name + " is not there yet: give " +
				strings.Join(credentialFields, ", "))
		}
	}
	return nil
}

// ownStorage says that a key is to have a storage of its own in an object store, and not a folder of the caller's.
func ownStorage(c *caller, st *client.Storage) bool {
	return st != nil && st.Type == objectstore.TypeS3 && (c.key == nil || st.Bucket != "" || st.Credentials != nil)
}

// mayHaveStorage says why the caller can't make a key for a storage.
func mayHaveStorage(c *caller, st *client.Storage) error {
	if !ownStorage(c, st) {
		folder, err := keyFolder(c, st)
		if err != nil {
			return err
		}
		if _, _, in := store.ObjectStorageOf(c.root); st.Type == objectstore.TypeS3 && !in {
			return errBadRequest("the folder of the access key is not in an object storage: the storage type must be \"local\"")
		}
		return c.mayManage(folder)
	}
	if !c.master() && (c.node == nil || !c.manages("/")) {
		return errForbidden("keys with an object storage of their own are made by the node user, " +
			"or by one whose transfer user has no docroot and may see all files")
	}
	return nil
}

// keyFolder is the folder of a key, absolute beneath the storage root; a key made with a key
// lies below its parent's folder.
func keyFolder(c *caller, st *client.Storage) (string, error) {
	if st == nil || st.Path == "" {
		return "", errBadRequest("storage with type and path is needed")
	}
	if st.Type != "" && st.Type != typeLocal && st.Type != objectstore.TypeS3 {
		return "", errBadRequest(objectstore.RefuseType(st.Type).Error())
	}
	clean, err := storage.Clean(strings.TrimPrefix(st.Path, "file://"))
	if err != nil {
		return "", err
	}
	if c.key != nil && clean == "/" {
		return "", errBadRequest("storage path must be below the folder of the access key")
	}
	if strings.Contains(clean+"/", "/"+storage.Mark+"/") {
		return "", fmt.Errorf("%w: %s is reserved", storage.ErrBadPath, storage.Mark)
	}
	return path.Join(c.root, clean), nil
}

// keyStorage makes what a key is for, and returns its folder. former is the folder that it has, if there is one.
func (s *Server) keyStorage(ctx context.Context, c *caller, st *client.Storage, former string) (string, error) {
	if ownStorage(c, st) {
		return s.objectStorage(ctx, st, former)
	}
	folder, err := keyFolder(c, st)
	if err != nil {
		return "", err
	}
	if c.key == nil {
		if folder, err = s.place(ctx, folder); err != nil {
			return "", err
		}
	}
	if err := s.makeFolder(ctx, folder); err != nil {
		return "", fmt.Errorf("create storage of access key: %w", whereToMake(c, folder, err))
	}
	return folder, nil
}

// makeFolder makes a folder beneath the storage root, or in an object storage, if it is missing.
func (s *Server) makeFolder(ctx context.Context, folder string) error {
	if !s.inObjects(folder) {
		if err := s.filesElsewhere(); err != nil {
			return err
		}
	}
	tree, p, err := s.treeAt(ctx, folder)
	if err != nil {
		return err
	}
	return tree.MkdirAll(p, folderMode)
}

// connectLimit is how long the answer to a call waits for a server: less than the operator waits for the answer.
const connectLimit = 8 * time.Second

// objectStorage makes a storage in an object store, or changes that of a key, after it has looked whether it answers.
func (s *Server) objectStorage(ctx context.Context, st *client.Storage, former string) (string, error) {
	settings, credentials, err := s.reachable(ctx, st)
	if err != nil {
		return "", err
	}
	if id, rest, ok := store.ObjectStorageOf(former); ok && rest == "/" {
		return former, s.Objects.Change(ctx, id, settings, credentials)
	}
	made, err := s.Objects.Seal(settings, credentials)
	if err != nil {
		return "", err
	}
	return made.Path(), s.Store.CreateObjectStorage(ctx, made)
}

// reachable reads where an object storage is and what opens it, and looks whether it answers.
func (s *Server) reachable(ctx context.Context, st *client.Storage) (objectstore.Settings, objectstore.Credentials,
	error) {
	settings := objectstore.Settings{
		Type: st.Type, Endpoint: st.Endpoint, Region: st.Region, Bucket: st.Bucket, Path: st.Path,
		StorageClass: st.StorageClass, ServerSideEncryption: st.ServerSideEncryption, KMSKeyID: st.KMSKeyID,
		PathStyle: st.PathStyle,
	}
	var credentials objectstore.Credentials
	if st.Credentials == nil {
		return settings, credentials,
			errBadRequest("storage.credentials with access_key_id and secret_access_key is missing")
	}
	credentials = objectstore.Credentials(*st.Credentials)
	if err := settings.Check(); err != nil {
		return settings, credentials, errBadRequest(err.Error())
	}
	if err := credentials.Check(); err != nil {
		return settings, credentials, errBadRequest(err.Error())
	}
	if s.Objects == nil {
		return settings, credentials, errConflict("this node has no object storages")
	}
	bucket, err := s.Objects.Connect(settings, credentials)
	if err != nil {
		return settings, credentials, errBadRequest(err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	err = bucket.Try(ctx)
	if remote := (*storage.RemoteError)(nil); errors.As(err, &remote) && remote.Refused {
		err = errBadRequest(remote.Text)
	}
	return settings, credentials, err
}

// inObjects says that a folder beneath the storage root is in an object store.
func (s *Server) inObjects(folder string) bool { return s.Objects != nil && s.Objects.Holds(folder) }

// docroot is the top of the storage as node users see it.
func (s *Server) docroot(ctx context.Context, root *storage.Root) storage.Tree {
	if s.Objects == nil {
		return root
	}
	return s.Objects.Docroot(ctx, root)
}

// place is where a path beneath the storage root leads that may be in a mounted storage.
func (s *Server) place(ctx context.Context, p string) (string, error) {
	if s.Objects == nil {
		return p, nil
	}
	return s.Objects.Docroot(ctx, s.Storage).Place(p)
}

// placeOf is what the file ids know a path of a caller as.
func (c *caller) placeOf(p string) (string, error) {
	if d, ok := c.files.(*buckets.Docroot); ok {
		return d.Place(p)
	}
	return path.Join(c.root, p), nil
}

// granted opens a folder beneath the storage root, wherever it is. Of the host it is one that follows no link.
func (s *Server) granted(ctx context.Context, folder string) (storage.Tree, error) {
	if s.inObjects(folder) {
		tree, err := s.Objects.Tree(ctx, folder)
		if err != nil {
			return nil, err
		}
		return tree, nil
	}
	tree, err := s.Storage.Granted(folder)
	if err != nil {
		return nil, err
	}
	return tree, nil
}

// treeAt is the tree that a path beneath the storage root is in, and the path there.
func (s *Server) treeAt(ctx context.Context, p string) (storage.Tree, string, error) {
	id, rest, ok := store.ObjectStorageOf(p)
	if !ok || s.Objects == nil {
		return s.Storage.Strict(), p, nil
	}
	tree, err := s.Objects.Tree(ctx, storage.Objects+"/"+id)
	if err != nil {
		return nil, "", err
	}
	return tree, rest, nil
}

func (s *Server) removeAll(ctx context.Context, p string) error {
	tree, p, err := s.treeAt(ctx, p)
	if err != nil {
		return err
	}
	return tree.RemoveAll(p)
}

// describeKey is what callers see of a key: never its secret, and its folder relative to their own. Where an object
// storage is, those see who may make keys for it.
func (s *Server) describeKey(ctx context.Context, c *caller, k store.AccessKey) (client.AccessKey, error) {
	shown := "/" + strings.TrimPrefix(strings.TrimPrefix(k.StoragePath, c.root), "/")
	out := client.AccessKey{
		ID: k.ID, RootFileID: strconv.Itoa(store.RootFileID), TokenVerificationKey: k.TokenVerificationKey,
		Storage: &client.Storage{Type: typeLocal, Path: shown},
	}
	if len(k.Configuration) > 0 && string(k.Configuration) != "{}" {
		out.Configuration = k.Configuration
	}
	if !k.FormerSecretUntil.IsZero() {
		out.FormerSecretUntil = &k.FormerSecretUntil
	}
	if !s.inObjects(k.StoragePath) {
		return out, nil
	}
	settings, rest, err := s.Objects.Settings(ctx, k.StoragePath)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return client.AccessKey{}, err
	}
	out.Storage.Type = settings.Type
	if c.key == nil {
		out.Storage = describeStorage(settings, rest)
	}
	return out, nil
}

// describeStorage is a folder of an object storage, without what opens it.
func describeStorage(s objectstore.Settings, folder string) *client.Storage {
	return &client.Storage{
		Type: s.Type, Path: path.Join(s.Path, folder), Endpoint: s.Endpoint, Region: s.Region, Bucket: s.Bucket,
		StorageClass: s.StorageClass, ServerSideEncryption: s.ServerSideEncryption, KMSKeyID: s.KMSKeyID,
		PathStyle: s.PathStyle,
	}
}
