package core

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"path"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/ticket"
)

// ticketLife is how long a download by a browser may be begun, and resumed when it breaks off. It is
// longer than tokenLife, because a browser asks for no other ticket to resume; and the gateway takes a
// ticket for a new download only once.
const ticketLife = time.Hour

type ticketInput struct {
	IDPath
	Type string `query:"type" enum:"sent,received" doc:"the side to download from; by default one from which the caller may"`
	Body *pathsBody
}

func (s *Server) registerDownloadTickets() {
	register(s, operation{method: http.MethodPost, path: v5 + "/packages/{id}/download_ticket",
		id: "create-download-ticket", what: "package", access: anyone,
		status: http.StatusCreated, summary: "Get an address from which a browser downloads a package, or parts of it, once", guests: readers},
		s.downloadTicket)
}

func (s *Server) downloadTicket(ctx context.Context, in *ticketInput) (*body[api.DownloadTicket], error) {
	v, err := s.view(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	d := download{side: in.Type, byHTTP: true, life: ticketLife}
	if d.side == "" {
		d.side = sideOf(v)
	}
	if err := d.allowed(v); err != nil {
		return nil, err
	}
	if s.gateway == nil {
		p := newProblem(http.StatusConflict, "This Faspex has no gateway for downloads by a browser. Use ascp.")
		p.Code = "no_gateway"
		return nil, p
	}
	if d.paths, err = sources(in.Body); err != nil {
		return nil, err
	}
	d.whole = len(d.paths) == 0
	name, single, err := s.whatIsDownloaded(ctx, v, &d)
	if err != nil {
		return nil, err
	}
	spec, err := s.setUpDownload(ctx, v, d)
	if err != nil {
		return nil, err
	}
	return s.sealTicket(name, single, spec)
}

// sideOf picks the side from which the caller may download, or the one whose refusal tells most.
func sideOf(v view) string {
	if policy.CanDownloadReceived(v.actor, v.thing) != nil &&
		(v.thing.Sent && !v.thing.Received || policy.CanDownloadSent(v.actor, v.thing) == nil) {
		return packages.SideSent
	}
	return packages.SideReceived
}

// whatIsDownloaded asks the node: one file is downloaded as it is, also when it is all that the package
// holds; more than that becomes a ZIP.
func (s *Server) whatIsDownloaded(ctx context.Context, v view, d *download) (name string, single bool, err error) {
	name = v.pkg.Title
	if len(d.paths) > 1 {
		return name + ".zip", false, nil
	}
	_, node, client, err := s.reach(ctx, *v.pkg)
	if err != nil {
		return "", false, err
	}
	defer client.CloseIdleConnections()
	wanted := ""
	if !d.whole {
		wanted = d.paths[0].Source
	}
	found, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: path.Join(v.pkg.Directory, wanted), Count: 2})
	switch {
	case nodeapi.IsNotFound(err) && wanted != "":
		p := newProblem(http.StatusNotFound, "The package holds no \""+wanted+"\".")
		p.Code = "no_such_path"
		return "", false, p
	case err != nil:
		return "", false, s.nodeProblem(ctx, node, err)
	case wanted != "" && found.Self.Type == "file":
		return path.Base(wanted), true, nil
	case wanted != "":
		return path.Base(wanted) + ".zip", false, nil
	case found.TotalCount == 1 && len(found.Items) == 1 && found.Items[0].Type == "file":
		d.paths = []transferspec.Path{{Source: found.Items[0].Basename}}
		return found.Items[0].Basename, true, nil
	}
	return name + ".zip", false, nil
}

func (s *Server) sealTicket(name string, single bool, spec transferspec.Spec) (*body[api.DownloadTicket], error) {
	t := ticket.Ticket{ID: rand.Text(), Expires: s.now().Add(ticketLife), Name: name, Zip: !single, Spec: spec}
	sealed, err := ticket.Seal(s.gateway, t)
	if errors.Is(err, ticket.ErrTooLong) {
		p := newProblem(http.StatusBadRequest,
			"Too many files are chosen for one download. Choose the folder that holds them, or the whole package.")
		p.Code = "too_long"
		return nil, p
	}
	if err != nil {
		return nil, err
	}
	kind := "zip"
	if single {
		kind = "file"
	}
	return answerWith(api.DownloadTicket{
		URL: GatewayPath + "/tickets/" + sealed, ExpiresAt: stamp(t.Expires), Name: name, Zip: t.Zip, Type: kind,
	}), nil
}
