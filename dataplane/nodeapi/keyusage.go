package nodeapi

import (
	"cmp"
	"context"
	"net/http"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// keyUsage tells how many bytes an access key's transfers have moved: that of the path or of access_key, or the
// caller's own.
func (s *Server) keyUsage(ctx context.Context, c *caller, r *http.Request) (any, error) {
	if err := c.ownOnly(); err != nil {
		return nil, err
	}
	id := cmp.Or(r.PathValue("id"), r.URL.Query().Get("access_key"), c.keyID())
	if id == "" {
		return nil, errBadRequest("access_key is needed: the node user's own transfers are not added up")
	}
	k, err := s.visibleKey(ctx, c, id)
	if err != nil {
		return nil, err
	}
	u, err := s.Store.Usage(ctx, k.ID)
	if err != nil {
		return nil, err
	}
	return client.KeyUsage{ID: k.ID, BytesIn: u.In, BytesOut: u.Out, BytesTotal: u.In + u.Out}, nil
}
