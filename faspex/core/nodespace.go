package core

import (
	"context"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/store"
)

// spaceTime is how long an admin waits for a node to tell how much space it has.
const spaceTime = 10 * time.Second

// addSpace tells how much there is of a node's storage, or why that is not known.
func (s *Server) addSpace(ctx context.Context, n store.Node, out *api.Node) {
	ctx, cancel := context.WithTimeout(ctx, spaceTime)
	defer cancel()
	c, err := s.dialer.Client(n)
	var space nodeapi.Space
	if err == nil {
		defer c.CloseIdleConnections()
		space, err = c.Space(ctx, "/")
	}
	if err != nil {
		s.logNodeFailure(ctx, err)
		out.StorageError = string(nodes.FailureOf(err))
		return
	}
	out.StorageFree, out.StorageTotal = &space.BytesFree, &space.BytesTotal
	out.StorageUsed = ptr(max(space.BytesTotal-space.BytesFree, 0))
}
