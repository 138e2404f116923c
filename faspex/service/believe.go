package service

import (
	"path"
	"slices"
	"strconv"
	"strings"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// Reasons for which the report of a transfer is ignored; values of a label.
const (
	notOurToken   = "token"  // not a transfer token of the node's own user
	notSigned     = "mac"    // core did not sign the tags for this package, direction, node and user
	outsideFolder = "folder" // the session moved files elsewhere
)

// transferToken is what a node calls the kind of token that it sealed itself. Others are
// credentials, and say nothing of a folder.
const transferToken = "transfer"

// disbelief tells why the report of a transfer is not to be believed; empty when it is. A holder of an access key
// can have the node write any tags into a record, also ones that core signed for somebody: so who the token was made
// for counts as well as the tags.
func (w *Worker) disbelief(node store.Node, p store.Package, tags packages.Tags, t nodeapi.Transfer) string {
	if t.StartSpec.TokenType != transferToken || t.StartSpec.ServerAccessKey != "" {
		return notOurToken
	}
	if tags.PackageID != strconv.FormatInt(p.ID, 10) {
		return notSigned
	}
	keys := w.dialer.TagKeys()
	switch {
	case !tags.SignedFor(keys, packages.Issue{
		Direction: t.StartSpec.Direction, Folder: p.Directory, NodeID: node.ID, TokenUser: t.StartSpec.ServerTokenUserID,
	}):
		return notSigned
	case !within(p.Directory, t.StartSpec):
		return outsideFolder
	}
	return ""
}

// within reports whether the paths of the node's side that a record shows are in a folder. The other
// side's are the client's affair.
func within(folder string, spec nodeapi.StartSpec) bool {
	if spec.Direction == string(transferspec.Send) {
		return spec.DestinationPath == "" || beneath(folder, spec.DestinationPath)
	}
	return !slices.ContainsFunc(spec.SourcePaths, func(source string) bool { return !beneath(folder, source) })
}

func beneath(folder, p string) bool {
	folder, p = path.Clean("/"+folder), path.Clean("/"+p)
	return p == folder || strings.HasPrefix(p, strings.TrimSuffix(folder, "/")+"/")
}
