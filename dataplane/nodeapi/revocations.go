package nodeapi

import (
	"context"
	"errors"
	"net/http"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// revoke withdraws transfer tokens by what their tags say. Tokens that are issued later are not touched.
func (s *Server) revoke(ctx context.Context, c *caller, r *http.Request) (any, error) {
	if !c.master() {
		return nil, errForbidden("only the node user withdraws tokens")
	}
	var in client.Revocation
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if len(in.Tags) > maxTagsBytes {
		return nil, errBadRequest("tags are too large")
	}
	direction := token.Direction(in.Direction)
	if direction != "" && !direction.Valid() {
		return nil, errBadRequest("direction must be send, receive or empty")
	}
	err := s.Store.Revoke(ctx, in.Tags, direction)
	if errors.Is(err, store.ErrNamesNothing) {
		return nil, errBadRequest("tags must be an object that holds at least one value")
	}
	if err != nil {
		return nil, err
	}
	s.Log.Info("transfer tokens withdrawn", "direction", in.Direction, "user", c.user)
	return nil, nil
}
