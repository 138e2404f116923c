package nodeapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// caller is who makes a call, and the part of the storage that is theirs.
type caller struct {
	// user is the node user's name, the access key's id, or the user of a bearer token.
	user string
	// key is the access key; nil for the node user.
	key *store.AccessKey
	// node is set for the users of the database, who have a folder or restrictions; the node
	// user of the Secret has neither.
	node *store.NodeUser
	// bearer is set when the key's owner signed a token for user.
	bearer bool
	// granted is set for the user of a bearer token who may only what it has been permitted; all others
	// may do what the access key may.
	granted *fileaccess.User
	// root is the caller's folder beneath the storage root, files the handle on it.
	root  string
	files storage.Tree
}

func (c *caller) close() {
	if (c.key != nil || c.node != nil) && c.files != nil {
		// Nothing was written through the handle itself.
		_ = c.files.Close()
	}
}

// master reports whether the caller is the node user of the Secret, who may do everything.
func (c *caller) master() bool { return c.key == nil && c.node == nil }

// keyID is the id of the caller's access key, or "".
func (c *caller) keyID() string {
	if c.key == nil {
		return ""
	}
	return c.key.ID
}

var errUnauthorized = &apiError{http.StatusUnauthorized, "credentials are missing or wrong"}

func (s *Server) authenticate(r *http.Request) (*caller, error) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		user, password, ok := r.BasicAuth()
		if !ok || user == "" {
			return nil, errUnauthorized
		}
		return s.basic(token.WithAddress(r.Context(), clientAddress(r)), user, password)
	case strings.EqualFold(scheme, "Bearer"):
		return s.bearer(token.WithAddress(r.Context(), clientAddress(r)), strings.TrimSpace(rest),
			r.Header.Get("X-Aspera-AccessKey"))
	}
	return nil, errUnauthorized
}

// clientAddress is the IP address of who called: that of the connection, which knows of proxies what is to be believed.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

func (s *Server) basic(ctx context.Context, user, password string) (*caller, error) {
	node := s.NodeUser()
	if equal(user, node.Username) == 1 {
		right, err := s.Store.Throttle().Compare(user, token.AddressOf(ctx), password, node.Password)
		if err != nil {
			return nil, err
		}
		if !right {
			// The time does not tell that the name is the node user's.
			if err := s.Store.SpendLogin(ctx, password); err != nil {
				return nil, err
			}
			return nil, errUnauthorized
		}
		return &caller{user: user, root: "/", files: s.docroot(ctx, s.Storage.Strict())}, nil
	}
	if known, ok, err := s.Store.CheckNodeUser(ctx, user, password); ok || err != nil {
		return s.nodeCaller(ctx, known, err)
	}
	key, err := s.Store.CheckSecret(ctx, user, password)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnauthorized
	}
	if err != nil {
		return nil, err
	}
	return s.keyCaller(ctx, &caller{user: key.ID, key: &key, root: key.StoragePath})
}

// nodeCaller is a user of the database: it sees its folder as its root, or the whole storage within its restrictions.
func (s *Server) nodeCaller(ctx context.Context, u store.NodeUser, err error) (*caller, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnauthorized
	}
	if err != nil {
		return nil, err
	}
	c := &caller{user: u.Name, node: &u, root: "/"}
	if u.Docroot != "" {
		if c.root, err = s.place(ctx, u.Docroot); err != nil {
			return nil, err
		}
		if err := s.makeFolder(ctx, c.root); err != nil {
			return nil, fmt.Errorf("make docroot of node user: %w", err)
		}
	}
	if c.files, err = s.granted(ctx, c.root); err != nil {
		return nil, fmt.Errorf("open docroot of node user: %w", err)
	}
	if host, ok := c.files.(*storage.Root); ok && c.root == "/" {
		c.files = s.docroot(ctx, host)
	}
	return c, nil
}

func (s *Server) bearer(ctx context.Context, text, keyHeader string) (*caller, error) {
	bearer, _, err := s.verifier.OpenBearer(ctx, text)
	switch {
	case errors.Is(err, token.ErrExpired):
		return nil, &apiError{http.StatusUnauthorized, "bearer token has expired"}
	case token.IsRefusal(err):
		return nil, &apiError{http.StatusUnauthorized, "bearer token is invalid"}
	case err != nil:
		return nil, err
	case keyHeader != "" && keyHeader != bearer.AccessKey:
		return nil, &apiError{http.StatusUnauthorized, "bearer token is for another access key"}
	}
	key, err := s.Store.AccessKey(ctx, bearer.AccessKey)
	if err != nil {
		return nil, err
	}
	c := &caller{user: bearer.UserID, key: &key, bearer: true, root: key.StoragePath}
	if !bearer.Admin() {
		c.granted = &fileaccess.User{AccessKey: key.ID, Folder: key.StoragePath, ID: bearer.UserID, Groups: bearer.GroupIDs}
	}
	return s.keyCaller(ctx, c)
}

// may refuses what the caller is not permitted to do with what is, or would be, at a path. It has to be asked before
// anything is looked at: its answer does not tell what is there.
func (s *Server) may(ctx context.Context, c *caller, level token.Level, p string) error {
	levels, err := s.levels(ctx, c, p)
	if err != nil {
		return err
	}
	if len(levels) == 0 && c.node != nil {
		return errRestricted
	}
	if !levels[level] {
		return errForbidden("the bearer token's user has no permission to " + string(level) + " here")
	}
	return nil
}

// levels are what the caller may do with a path.
func (s *Server) levels(ctx context.Context, c *caller, p string) (token.Levels, error) {
	if c.node != nil {
		clean, err := storage.Clean(p)
		if err != nil || !c.node.Permits(clean) {
			return nil, err
		}
	}
	if c.granted == nil {
		return everything, nil
	}
	return s.files.Levels(ctx, *c.granted, p)
}

var everything = func() token.Levels {
	all := token.Levels{}
	for _, l := range token.AllLevels() {
		all[l] = true
	}
	return all
}()

var errRestricted = errForbidden("the restrictions of the transfer user don't permit this path")

// ownOnly refuses a call that is not for users of bearer tokens.
func (c *caller) ownOnly() error {
	if c.granted != nil {
		return errForbidden("this call is not for users of the access key, only for its owner")
	}
	return nil
}

func (s *Server) keyCaller(ctx context.Context, c *caller) (*caller, error) {
	if !token.Admits(c.key.Networks, token.AddressOf(ctx)) {
		return nil, errForbidden(token.ErrElsewhere.Error())
	}
	files, err := s.granted(ctx, c.root)
	if err != nil {
		// Where the files are, the folder may be there.
		elsewhere := s.filesElsewhere()
		if s.inObjects(c.root) {
			elsewhere = nil
		}
		return nil, cmp.Or(elsewhere, fmt.Errorf("open storage of access key: %w", err))
	}
	c.files = files
	return c, nil
}

func equal(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}
