package nodeapi

import (
	"context"
	"strings"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// EnsureDirectory makes the folder at path, with its parents, unless it is there. field
// names where the path comes from.
func EnsureDirectory(ctx context.Context, node API, path, field string) phase.Outcome {
	look := nodeclient.BrowseRequest{Path: path, Count: 1}
	listing, err := node.Browse(ctx, look)
	if nodeclient.IsNotFound(err) {
		if err := node.CreateDirectory(ctx, path); err != nil && !nodeclient.IsConflict(err) {
			return Failed("make the folder", err)
		}
		listing, err = node.Browse(ctx, look)
	}
	if err != nil {
		return Failed("look at the folder", err)
	}
	if kind := listing.Self.Type; kind != "directory" {
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, field+": is a "+strings.ReplaceAll(kind, "_", " ")+
			" on the node and no folder")
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "the folder is there")
}
