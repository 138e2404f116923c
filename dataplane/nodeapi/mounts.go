package nodeapi

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"regexp"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/objectstore"
)

var mountName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$`)

// mounting is what calls about mounted storages begin with: they are the node user's alone.
func (s *Server) mounting(c *caller, r *http.Request) (name string, err error) {
	name = r.PathValue("name")
	switch {
	case !c.master():
		return "", errForbidden("storages are mounted by the node user")
	case s.Objects == nil:
		return "", errConflict("this node has no object storages")
	case !mountName.MatchString(name):
		return "", errBadRequest("the name of a storage must be letters, digits and . _ - and begin with a letter or a digit")
	}
	return name, nil
}

// mountStorage has node users see a bucket as a folder of a name at the top of the storage. The same call again looks
// whether the bucket answers, and changes nothing.
func (s *Server) mountStorage(ctx context.Context, c *caller, r *http.Request) (any, error) {
	name, err := s.mounting(c, r)
	if err != nil {
		return nil, err
	}
	var in client.MountedStorage
	if err := decodeKey(r, &in); err != nil {
		return nil, err
	}
	if in.Storage == nil || in.Storage.Type != objectstore.TypeS3 {
		return nil, errBadRequest(`storage with the type "` + objectstore.TypeS3 + `" is needed`)
	}
	if _, err := s.Storage.Strict().Lstat("/" + name); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return nil, err
		}
		return nil, errConflict("the node has a folder " + name + " at the top of its storage: choose another name")
	}
	settings, credentials, err := s.reachable(ctx, in.Storage)
	if err != nil {
		return nil, err
	}
	if err := s.Objects.Mount(ctx, name, settings, credentials); err != nil {
		return nil, err
	}
	return client.MountedStorage{Storage: describeStorage(settings, "/")}, nil
}

func (s *Server) readMount(ctx context.Context, c *caller, r *http.Request) (any, error) {
	name, err := s.mounting(c, r)
	if err != nil {
		return nil, err
	}
	settings, err := s.Objects.SettingsOf(ctx, name)
	if err != nil {
		return nil, err
	}
	return client.MountedStorage{Storage: describeStorage(settings, "/")}, nil
}

// unmount takes a folder away. What is in the bucket stays.
func (s *Server) unmount(ctx context.Context, c *caller, r *http.Request) (any, error) {
	name, err := s.mounting(c, r)
	if err != nil {
		return nil, err
	}
	if err := s.Store.RemoveMount(ctx, name); err != nil {
		return nil, err
	}
	s.Log.Info("storage unmounted", "storage", name)
	return nil, nil
}
