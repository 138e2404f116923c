package core

import (
	"context"
	"net/http"
	"path"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transfer/unfinished"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// onTheWay: its upload runs, and nothing but that keeps it from its recipients.
func onTheWay(p *store.Package) bool {
	return p.State == packages.Held && p.UploadStatus == packages.UploadTransferring && p.ReleasePolicy == "now"
}

// hasEarly reports whether recipients may have files of packages that are on their way, if any of a list is.
func (s *Server) hasEarly(ctx context.Context, list []store.Package) (bool, error) {
	for i := range list {
		if onTheWay(&list[i]) {
			c, err := s.auth.Configuration(ctx)
			return earlyBy(c), err
		}
	}
	return false, nil
}

// showsEarly reports whether the caller's lists show packages that are on their way.
func (s *Server) showsEarly(ctx context.Context) (bool, error) {
	if found, err := s.store.AnyOnTheWay(ctx); err != nil || !found {
		return false, err
	}
	p, err := preferencesOf(caller(ctx))
	if err != nil || p.ShowOnlyCompletedPackages {
		return false, err
	}
	c, err := s.auth.Configuration(ctx)
	return earlyBy(c), err
}

// earlyBy reports whether the server lets recipients have files of packages that are on their way: never those that
// another system looks at first.
func earlyBy(c settings.Configuration) bool {
	return c.DownloadsDuringTransfersEnabled && !c.FileProcessingEnabled
}

// mostEarly is how many files of a package that is on its way one download may name: the node is asked about each.
const mostEarly = 100

// areWhole refuses what is not a whole file while a package is being uploaded: a folder may still grow.
func (s *Server) areWhole(ctx context.Context, client *nodeapi.Client, node store.Node, p store.Package,
	paths []transferspec.Path) error {
	if len(paths) > mostEarly {
		return newProblem(http.StatusBadRequest,
			"Too many files are chosen for a package that is still being sent. Choose fewer, or wait for all of it.")
	}
	for _, wanted := range paths {
		found, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: path.Join(p.Directory, wanted.Source), Count: 1})
		if err != nil && !nodeapi.IsNotFound(err) {
			return s.nodeProblem(ctx, node, err)
		}
		if err != nil || found.Self.Type != "file" || unfinished.Suffixed(path.Base(wanted.Source)) {
			p := newProblem(http.StatusConflict,
				"\""+wanted.Source+"\" is no complete file. "+
					"The package is still being sent: choose files, or wait for all of it.")
			p.Code = "file_on_its_way"
			return p
		}
	}
	return nil
}

// leaveUnfinished takes files that are not whole yet, and their journals, off a listing.
func leaveUnfinished(l *api.Listing) {
	whole := l.Items[:0]
	for _, e := range l.Items {
		if e.Type == "directory" || !unfinished.Suffixed(e.Basename) {
			whole = append(whole, e)
		}
	}
	l.Items, l.ItemCount = whole, len(whole)
}
