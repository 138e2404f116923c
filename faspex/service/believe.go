package service

import (
	"slices"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// tokenTransfer is the kind of token that core gives out. Nodes that do not tell the kind leave it empty.
const tokenTransfer = "transfer"

// believed reports whether a transfer is what core issued for a package: by a transfer token of the node's own user, with tags that core
// has signed for this node, this direction and this package's folder. Tags alone prove nothing: holders of access keys choose theirs
// (TestTransfersOfOthersChangeNoPackage).
func (w *Worker) believed(node store.Node, p store.Package, tags packages.Tags, t nodeapi.Transfer) bool {
	spec := t.StartSpec
	if spec.TokenType != tokenTransfer && spec.TokenType != "" || spec.ServerAccessKey != "" {
		return false
	}
	if spec.ServerTokenUserID != "" && spec.ServerTokenUserID != node.APIUsername {
		return false
	}
	folders := []string{p.Incoming()}
	if spec.Direction == string(transferspec.Receive) {
		folders = append(folders, p.Directory)
	}
	return slices.ContainsFunc(folders, func(folder string) bool {
		return w.signer.Verify(tags, packages.Scope{Direction: spec.Direction, NodeID: node.ID, Folder: folder})
	})
}
