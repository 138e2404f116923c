package nodeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

const (
	maxAccessID           = 255
	defaultPermissionPage = 1000
	maxPermissionPage     = 10000
)

// permissionBody is a permission as callers give and get it.
type permissionBody struct {
	ID           string          `json:"id"`
	FileID       string          `json:"file_id"`
	AccessType   string          `json:"access_type"`
	AccessID     string          `json:"access_id"`
	AccessLevels []token.Level   `json:"access_levels"`
	AccessLevel  string          `json:"access_level"`
	Tags         json.RawMessage `json:"tags,omitempty"`
	CreatedBy    string          `json:"created_by_id"`
	CreatedAt    time.Time       `json:"created_at"`
	UpdatedBy    string          `json:"last_updated_by_id"`
	UpdatedAt    time.Time       `json:"last_updated_at"`
	// What the permission is on, if embed[]=file asks for it and it is there.
	Name         string     `json:"name,omitempty"`
	Path         string     `json:"path,omitempty"`
	Type         string     `json:"type,omitempty"`
	Size         *int64     `json:"size,omitempty"`
	ModifiedTime *time.Time `json:"modified_time,omitempty"`
}

// accessLevel is the name of a set of levels that has one.
func accessLevel(levels []token.Level) string {
	switch {
	case containsAll(levels, token.AllLevels()):
		return "edit"
	case containsAll(levels, token.ViewLevels()):
		return "view"
	}
	return "none"
}

func containsAll(levels, wanted []token.Level) bool {
	return !slices.ContainsFunc(wanted, func(l token.Level) bool { return !slices.Contains(levels, l) })
}

// parseLevels reads the levels of a request: a list, or the name of a set.
func parseLevels(list json.RawMessage, name string) ([]token.Level, error) {
	if len(list) == 0 || string(list) == "null" {
		switch name {
		case "edit":
			return token.AllLevels(), nil
		case "view":
			return token.ViewLevels(), nil
		case "":
			return nil, nil
		}
		return nil, errBadRequest("access_level must be edit or view")
	}
	var levels []token.Level
	var one token.Level
	if json.Unmarshal(list, &one) == nil { // The published interface has a text here, too.
		for l := range strings.SplitSeq(string(one), ",") {
			levels = append(levels, token.Level(strings.TrimSpace(l)))
		}
	} else if err := json.Unmarshal(list, &levels); err != nil {
		return nil, errBadRequest("access_levels must be a list of texts")
	}
	for _, l := range levels {
		if !slices.Contains(token.AllLevels(), l) {
			return nil, errBadRequest(fmt.Sprintf("access_levels must be of %v", token.AllLevels()))
		}
	}
	if len(levels) == 0 {
		return nil, errBadRequest("access_levels is empty: delete the permission instead")
	}
	return levels, nil
}

// permissionKey is the access key whose permissions the call is about.
func permissionKey(c *caller) (string, error) {
	if c.key == nil {
		return "", errForbidden("permissions belong to an access key")
	}
	return c.key.ID, c.ownOnly()
}

func (s *Server) createPermission(ctx context.Context, c *caller, r *http.Request) (any, error) {
	key, err := permissionKey(c)
	if err != nil {
		return nil, err
	}
	var in newPermission
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	levels, err := parseLevels(in.AccessLevels, in.AccessLevel)
	switch {
	case err != nil:
		return nil, err
	case levels == nil:
		return nil, errBadRequest("access_levels or access_level is needed")
	case in.AccessType != store.AccessUser && in.AccessType != store.AccessGroup:
		return nil, errBadRequest("access_type must be user or group")
	case in.AccessID == "" || utf8.RuneCountInString(in.AccessID) > maxAccessID:
		return nil, errBadRequest(fmt.Sprintf("access_id must have 1 to %d characters", maxAccessID))
	case len(in.Tags) > maxTagsBytes:
		return nil, errBadRequest("tags are too large")
	}
	id, err := s.permittedOn(ctx, c, in.FileID)
	if err != nil {
		return nil, err
	}
	made, err := s.Store.CreatePermission(ctx, store.Permission{
		AccessKey: key, FileID: id, AccessType: in.AccessType, AccessID: in.AccessID, Levels: levels, Tags: in.Tags,
		CreatedBy: c.user,
	})
	if err != nil {
		return nil, err
	}
	s.Log.Info("permission created", "accessKey", key, "permission", made.ID, "user", c.user)
	return describePermission(made), nil
}

// permittedOn is the file that permissions are kept for: the folder of the access key is 1, whatever other id it has.
func (s *Server) permittedOn(ctx context.Context, c *caller, fileID string) (uint64, error) {
	p, err := s.files.Path(ctx, c.root, fileID)
	if err != nil {
		return 0, err
	}
	if p == "/" {
		return store.RootFileID, nil
	}
	id, err := strconv.ParseUint(fileID, 10, 64)
	if err != nil {
		return 0, errNotFound("no such file id")
	}
	return id, nil
}

func (s *Server) listPermissions(ctx context.Context, c *caller, r *http.Request) (any, error) {
	key, err := permissionKey(c)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	f := store.PermissionFilter{
		AccessKey: key, AccessType: q.Get("access_type"), AccessID: q.Get("access_id"), CreatedBy: q.Get("created_by_id"),
		UpdatedBy: q.Get("last_updated_by_id"),
	}
	for _, level := range append(q["access_levels[]"], q["access_levels"]...) {
		if f.Level = token.Level(level); !slices.Contains(token.AllLevels(), f.Level) {
			return nil, errBadRequest("access_levels[] must name a level")
		}
	}
	if q.Has("file_id") {
		if f.FileIDs, err = s.filePermissions(ctx, c, q.Get("file_id"), q.Get("inherited")); err != nil {
			return nil, err
		}
	}
	perPage, err := positive(q, "per_page", defaultPermissionPage)
	if err != nil {
		return nil, err
	}
	page, err := positive(q, "page", 1)
	if err != nil {
		return nil, err
	}
	f.Limit = min(perPage, maxPermissionPage)
	f.Offset = (min(page, maxSkip) - 1) * f.Limit
	found, total, err := s.Store.Permissions(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]permissionBody, len(found))
	for i, p := range found {
		out[i] = describePermission(p)
		if embeds(r) {
			s.embedFile(ctx, c, &out[i])
		}
	}
	header := http.Header{"X-Total-Count": {strconv.Itoa(total)}, "Access-Control-Expose-Headers": {"X-Total-Count"}}
	return answer{header: header, body: out}, nil
}

// filePermissions are the files whose permissions hold for a file: itself, and with inherited also the folders above.
func (s *Server) filePermissions(ctx context.Context, c *caller, fileID, inherited string) ([]uint64, error) {
	id, err := s.permittedOn(ctx, c, fileID)
	if err != nil {
		return nil, err
	}
	switch inherited {
	case "", "false":
		return []uint64{id}, nil
	case "true":
		return s.files.Above(ctx, c.root, fileID)
	}
	return nil, errBadRequest("inherited must be true or false")
}

func embeds(r *http.Request) bool {
	q := r.URL.Query()
	return slices.Contains(q["embed[]"], "file") || slices.Contains(q["embed"], "file")
}

// embedFile adds what the permission is on, if it is still there.
func (s *Server) embedFile(ctx context.Context, c *caller, b *permissionBody) {
	p, err := s.files.Path(ctx, c.root, b.FileID)
	if err != nil {
		return
	}
	info, err := c.files.Lstat(p)
	if err != nil {
		return
	}
	e := byID(0, entry(p, info), nil)
	b.Name, b.Path, b.Type, b.Size, b.ModifiedTime = path.Base(p), p, e.Type, &e.Size, &e.ModifiedTime
}

func (s *Server) readPermission(ctx context.Context, c *caller, r *http.Request) (any, error) {
	p, err := s.ownPermission(ctx, c, r)
	if err != nil {
		return nil, err
	}
	out := describePermission(p)
	if embeds(r) {
		s.embedFile(ctx, c, &out)
	}
	return out, nil
}

func (s *Server) ownPermission(ctx context.Context, c *caller, r *http.Request) (store.Permission, error) {
	key, err := permissionKey(c)
	if err != nil {
		return store.Permission{}, err
	}
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return store.Permission{}, errNotFound("no such permission")
	}
	return s.Store.Permission(ctx, key, id)
}

func (s *Server) updatePermission(ctx context.Context, c *caller, r *http.Request) (any, error) {
	p, err := s.ownPermission(ctx, c, r)
	if err != nil {
		return nil, err
	}
	var in permissionChange
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	change := store.PermissionChange{Tags: in.Tags, UpdatedBy: c.user}
	if change.Levels, err = parseLevels(in.AccessLevels, in.AccessLevel); err != nil {
		return nil, err
	}
	if len(in.Tags) > maxTagsBytes {
		return nil, errBadRequest("tags are too large")
	}
	if err := s.Store.UpdatePermission(ctx, p.AccessKey, p.ID, change); err != nil {
		return nil, err
	}
	s.Log.Info("permission changed", "accessKey", p.AccessKey, "permission", p.ID, "user", c.user)
	return s.readPermission(ctx, c, r)
}

func (s *Server) deletePermission(ctx context.Context, c *caller, r *http.Request) (any, error) {
	p, err := s.ownPermission(ctx, c, r)
	if err != nil {
		return nil, err
	}
	if err := s.Store.DeletePermission(ctx, p.AccessKey, p.ID); err != nil {
		return nil, err
	}
	s.Log.Info("permission deleted", "accessKey", p.AccessKey, "permission", p.ID, "user", c.user)
	return empty{}, nil
}

// empty is an answer without a body.
type empty struct{}

func describePermission(p store.Permission) permissionBody {
	return permissionBody{
		ID: strconv.FormatUint(p.ID, 10), FileID: strconv.FormatUint(p.FileID, 10),
		AccessType: p.AccessType, AccessID: p.AccessID,
		AccessLevels: p.Levels, AccessLevel: accessLevel(p.Levels), Tags: p.Tags,
		CreatedBy: p.CreatedBy, CreatedAt: p.CreatedAt, UpdatedBy: p.UpdatedBy, UpdatedAt: p.UpdatedAt,
	}
}
