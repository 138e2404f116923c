package core

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// tokenLife is how long a transfer spec may start sessions. Minutes, because a right that is taken away must not live
// on in specs at nodes that know no revocations; not less, because people paste specs into a command line, and a cut
// session is retried with the same one. A session that has started goes on as long as it needs.
const tokenLife = 10 * time.Minute

// pathsBody is the body of both calls. A path is text, {source} or {path}: clients send each.
type pathsBody struct {
	Paths []requestPath `json:"paths,omitempty" maxItems:"100000" nullable:"true"`
}

// requestPath is a path of a request, described to the library.
type requestPath struct{ api.PathOrText }

// Schema describes the three forms of a path.
func (requestPath) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	return &huma.Schema{AnyOf: []*huma.Schema{text, {Type: huma.TypeObject,
		Properties: map[string]*huma.Schema{"source": text, "path": text}}}}
}

type uploadInput struct {
	IDPath
	TransferType string `query:"transfer_type" enum:"connect,http_gateway,remote_transfer" default:"connect"`
	Body         *pathsBody
}

type downloadInput struct {
	IDPath
	TransferType         string `query:"transfer_type" enum:"connect,http_gateway,remote_transfer" default:"connect"`
	Type                 string `query:"type" enum:"sent,received" default:"received"`
	RecipientUserID      string `query:"recipient_user_id"`
	RecipientWorkgroupID string `query:"recipient_workgroup_id"`
	Body                 *pathsBody
}

// specAnswer tells beside a spec until when it starts sessions.
type specAnswer struct {
	Expires string `header:"Expires" doc:"until when the token starts transfers, as an HTTP date"`
	Body    transferspec.Spec
}

func (s *Server) answerSpec(spec transferspec.Spec) *specAnswer {
	return &specAnswer{Expires: s.now().Add(tokenLife).UTC().Format(http.TimeFormat), Body: spec}
}

func (s *Server) registerTransferSpecs() {
	register(s, operation{method: http.MethodPost, path: v5 + "/packages/{id}/transfer_spec/upload",
		id: "upload-transfer-spec", what: "package", access: anyone,
		summary: "Get the transfer spec that sends a package's content", guests: senders}, s.uploadSpec)
	register(s, operation{method: http.MethodPost, path: v5 + "/packages/{id}/transfer_spec/download",
		id: "download-transfer-spec", what: "package", access: anyone,
		summary: "Get the transfer spec that receives a package's content", guests: readers}, s.downloadSpec)
}

func (s *Server) uploadSpec(ctx context.Context, in *uploadInput) (*specAnswer, error) {
	v, err := s.view(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := v.can(policy.Upload); err != nil {
		return nil, err
	}
	if err := mayFromHere(ctx, uploadAddresses); err != nil {
		return nil, err
	}
	if g := guestOf(ctx); g != nil && g.invitation.PreventHTTP && in.TransferType == viaGateway {
		return nil, errNoHTTP()
	}
	if _, err := sources(in.Body); err != nil { // for the record only: the client puts its own paths into the spec
		return nil, err
	}
	spec, err := s.setUpUpload(ctx, *v.pkg)
	if err != nil {
		return nil, err
	}
	queued, err := s.store.QueueUpload(ctx, v.pkg.ID)
	if err != nil {
		return nil, err
	}
	// What was revoked while the node made the token does not end the token: it is not handed out.
	if v, err = s.viewAgain(ctx, v.pkg.ID); err != nil {
		return nil, err
	}
	if err := v.can(policy.Upload); err != nil {
		return nil, err
	}
	if !queued {
		return nil, conflict("The package is being changed. Try again.")
	}
	if v.pkg.ObfuscateNames { // by the client, so that no node learns the names
		spec.ObfuscateFileNames, spec.ObfuscationKey = true, s.maskKey(*v.pkg)
	}
	return s.answerSpec(spec), nil
}

// maskKey is the key of the names of a package. It is the same for each spec, so that an upload is resumed by another.
func (s *Server) maskKey(p store.Package) string {
	m := hmac.New(sha256.New, s.ring.Keys("names of files 1")[0])
	m.Write([]byte(p.ContentUUID))
	return hex.EncodeToString(m.Sum(nil))
}

// setUpUpload gets a transfer spec for the content of a package from its node.
func (s *Server) setUpUpload(ctx context.Context, p store.Package) (transferspec.Spec, error) {
	folder, node, client, err := s.reach(ctx, p)
	if err != nil {
		return transferspec.Spec{}, err
	}
	defer client.CloseIdleConnections()
	req, err := s.request(ctx, p, packages.Tags{Whole: true, Side: packages.SideSent}, packages.Issue{
		Direction: string(transferspec.Send), Folder: p.Directory, NodeID: node.ID, TokenUser: node.APIUsername,
	}, tokenLife)
	if err != nil {
		return transferspec.Spec{}, err
	}
	req.DestinationRoot = p.Directory
	speed, err := s.speedsOf(ctx, folder, true)
	if err != nil {
		return transferspec.Spec{}, err
	}
	req.TargetRateKbps, req.TargetRateCapKbps = int64(speed.target), int64(speed.limit)
	spec, err := client.UploadSetup(ctx, req)
	if err != nil {
		return spec, s.nodeProblem(ctx, node, err)
	}
	spec.Paths = nil // the client's own; texts, as published, would break clients
	spec.CreateDir = true
	if p.EncryptAtRest {
		spec.ContentProtection = "encrypt" // by a password that the client asks for, and nobody here learns
	}
	return finish(ctx, spec, p, node, speed, false), nil
}

func (s *Server) downloadSpec(ctx context.Context, in *downloadInput) (*specAnswer, error) {
	v, err := s.view(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	wanted, err := sources(in.Body)
	if err != nil {
		return nil, err
	}
	d := download{side: in.Type, byHTTP: in.TransferType == viaGateway, paths: wanted, whole: len(wanted) == 0,
		life: tokenLife}
	if !d.whole && !v.thing.OnTheWay && d.allowed(v) == nil {
		if d.whole, err = s.isAll(ctx, v, wanted); err != nil {
			return nil, err
		}
	}
	spec, err := s.setUpDownload(ctx, v, d)
	return s.answerSpec(spec), err
}

// isAll reports whether paths name everything that a package holds: all of it picked one by one is the whole package.
func (s *Server) isAll(ctx context.Context, v view, paths []transferspec.Path) (bool, error) {
	_, node, client, err := s.reach(ctx, *v.pkg)
	if err != nil {
		return false, err
	}
	defer client.CloseIdleConnections()
	named := map[string]bool{}
	for _, p := range paths {
		named[p.Source] = true
	}
	if len(named) > mostListed {
		return false, nil
	}
	found, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: v.pkg.Directory, Count: len(named) + 1})
	if nodeapi.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, s.nodeProblem(ctx, node, err)
	}
	for _, e := range found.Items {
		if !named[e.Basename] {
			return false, nil
		}
	}
	return len(found.Items) > 0, nil
}

// mostListed is how many names are asked of a node to see whether a download is of everything.
const mostListed = 999

// viaGateway is the transfer_type of what an HTTP gateway fetches or stores.
const viaGateway = "http_gateway"

// download is what somebody wants of a package.
type download struct {
	side   string // sent or received
	byHTTP bool
	paths  []transferspec.Path // none means all
	whole  bool                // the paths are the whole package
	life   time.Duration       // of the token
}

// allowed asks the rules.
func (d download) allowed(v view) error {
	if err := mayDownload(v, d.side, d.whole); err != nil {
		return err
	}
	if d.byHTTP {
		return policy.CanDownloadByHTTP(v.thing)
	}
	return nil
}

// setUpDownload gets a transfer spec for a download from the node.
func (s *Server) setUpDownload(ctx context.Context, v view, d download) (transferspec.Spec, error) {
	if err := d.allowed(v); err != nil {
		return transferspec.Spec{}, err
	}
	if err := mayFromHere(ctx, downloadAddresses); err != nil {
		return transferspec.Spec{}, err
	}
	me := caller(ctx)
	folder, node, client, err := s.reach(ctx, *v.pkg)
	if err != nil {
		return transferspec.Spec{}, err
	}
	defer client.CloseIdleConnections()
	req, err := s.request(ctx, *v.pkg, packages.Tags{
		Whole: d.whole, Side: d.side, PreventHTTP: v.pkg.PreventHTTPDownload,
	}, packages.Issue{
		Direction: string(transferspec.Receive), Folder: v.pkg.Directory, NodeID: node.ID, TokenUser: node.APIUsername,
	}, d.life)
	if err != nil {
		return transferspec.Spec{}, err
	}
	req.SourceRoot = v.pkg.Directory
	req.Paths = d.paths
	if d.side == packages.SideReceived && v.pkg.DownloadLimit.Valid {
		// The node counts too: specs may wait unused, and what started is known here only a moment later.
		req.Uses = &nodeapi.Uses{Name: v.pkg.UUID + "/" + text(me.ID), Limit: v.pkg.DownloadLimit.Int64}
	}
	if v.thing.OnTheWay {
		if err := s.areWhole(ctx, client, node, *v.pkg, d.paths); err != nil {
			return transferspec.Spec{}, err
		}
	}
	speed, err := s.speedsOf(ctx, folder, false)
	if err != nil {
		return transferspec.Spec{}, err
	}
	req.TargetRateKbps, req.TargetRateCapKbps = int64(speed.target), int64(speed.limit)
	spec, err := client.DownloadSetup(ctx, req)
	if err != nil {
		return spec, s.nodeProblem(ctx, node, err)
	}
	// What was revoked while the node made the token does not end the token: it is not handed out.
	if v, err = s.viewAgain(ctx, v.pkg.ID); err != nil {
		return transferspec.Spec{}, err
	}
	if err := d.allowed(v); err != nil {
		return transferspec.Spec{}, err
	}
	if (v.pkg.EncryptAtRest || v.pkg.HasSealed) && !d.byHTTP { // clients ask for the passphrase
		spec.ContentProtection = "decrypt"
	}
	// Clients take the absence of paths for a question to their user.
	if spec.Paths = d.paths; len(d.paths) == 0 {
		spec.Paths = []transferspec.Path{{Source: "."}}
	}
	return finish(ctx, spec, *v.pkg, node, speed, d.byHTTP), nil
}

// viewAgain reads the caller's account and a package once more, after a node was waited for.
func (s *Server) viewAgain(ctx context.Context, id int64) (view, error) {
	if g := guestOf(ctx); g != nil {
		again, err := s.guest(ctx, g.passcode(s.ring))
		if err != nil {
			return view{}, err
		}
		return s.viewFor(ctx, again.account, id)
	}
	me, err := s.store.Account(ctx, caller(ctx).ID)
	if err != nil {
		return view{}, err
	}
	return s.viewFor(ctx, me, id)
}

// mayDownload asks the rules about one side of a package: about all of it, or about single files.
func mayDownload(v view, side string, whole bool) error {
	switch {
	case side == packages.SideSent:
		return policy.CanDownloadSent(v.actor, v.thing)
	case whole:
		return policy.CanDownloadReceived(v.actor, v.thing)
	}
	return policy.CanDownloadFiles(v.actor, v.thing)
}

// reach finds the folder and the node of a package's content.
func (s *Server) reach(ctx context.Context, p store.Package) (store.SharedFolder, store.Node, *nodeapi.Client, error) {
	folder, err := s.store.SharedFolder(ctx, p.SharedFolderID)
	if err != nil {
		return folder, store.Node{}, nil, err
	}
	node, err := s.store.Node(ctx, folder.NodeID)
	if err != nil {
		return folder, node, nil, err
	}
	client, err := s.dialer.Client(node)
	return folder, node, client, err
}

// request starts a setup request with what the node writes into the transfer's record. The service believes a record
// only when its tags were signed for what the record shows.
func (s *Server) request(ctx context.Context, p store.Package, tags packages.Tags, of packages.Issue,
	life time.Duration) (nodeapi.TransferRequest, error) {
	var err error
	if tags.Installation, err = s.store.Installation(ctx); err != nil {
		return nodeapi.TransferRequest{}, err
	}
	me := caller(ctx)
	tags.PackageID, tags.PackageUUID, tags.AccountID = text(p.ID), p.UUID, text(me.ID)
	label, err := s.label(ctx, p, of.Direction == string(transferspec.Send))
	if err != nil {
		return nodeapi.TransferRequest{}, err
	}
	raw, err := label.TagsJSON(tags.Sign(s.dialer.TagKeys()[0], of))
	if err != nil {
		return nodeapi.TransferRequest{}, err
	}
	cookie, err := label.Cookie()
	return nodeapi.TransferRequest{Cookie: cookie, Tags: raw, TokenLifeSeconds: int64(life / time.Second)}, err
}

// label is what a node shows of a transfer to people.
func (s *Server) label(ctx context.Context, p store.Package, upload bool) (packages.Label, error) {
	advanced, _, _, err := settings.Read(ctx, s.store, settings.NameAdvanced, settings.DefaultAdvanced())
	if err != nil {
		return packages.Label{}, err
	}
	me := caller(ctx)
	l := packages.Label{
		Transfer: uuid.NewString(), Upload: upload, PackageID: p.ID, UUID: p.UUID, Title: p.Title, Created: stamp(p.CreatedAt),
		Requestor: packages.Person{Name: me.Name, FirstName: me.FirstName, LastName: me.LastName, Email: me.Email},
		MaxTags:   advanced.MaxTagsLength, NoMetadata: advanced.ExcludeMetadataFromCookie,
	}
	return l, json.Unmarshal(p.Metadata, &l.Metadata)
}

// finish adds what Faspex says of every transfer, and leaves the rest as the node answered it. What a gateway fetches it
// fetches from where gateways reach the node.
func finish(ctx context.Context, spec transferspec.Spec, p store.Package, node store.Node, speed speeds,
	byGateway bool) transferspec.Spec {
	spec.Authentication = "token"
	spec.Title = p.Title
	if node.PrimaryTransferAddress != "" {
		spec.RemoteHost = node.PrimaryTransferAddress
	}
	if !byGateway && takesSecondary(ctx, node) {
		spec.RemoteHost = node.SecondaryTransferAddress
	}
	if spec.HTTPFallback == nil || p.PreventHTTPDownload {
		no := false
		spec.HTTPFallback = &no
	}
	speed.applyTo(&spec)
	return spec
}

// sources reads the paths of a request: relative to the package, never out of it. "." and "/" mean all of it.
func sources(b *pathsBody) ([]transferspec.Path, error) {
	if b == nil {
		return nil, nil
	}
	var out []transferspec.Path
	for _, p := range b.Paths {
		source := p.Source
		if source == "" || leadsOut(source) {
			return nil, badRequest("A path is empty or leads out of the package.")
		}
		clean := strings.TrimPrefix(path.Clean("/"+source), "/")
		if clean == "" {
			return nil, nil
		}
		out = append(out, transferspec.Path{Source: clean})
	}
	return out, nil
}

// nodeProblem tells the client that the node failed, and why if the node said so; the log has it all.
func (s *Server) nodeProblem(ctx context.Context, n store.Node, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	s.log.WarnContext(ctx, "node call failed", "node", n.Name, "request", process.RequestID(ctx), "error", err)
	message := "The transfer node does not answer. Try again."
	var answer *nodeapi.Error
	if errors.As(err, &answer) {
		message = "The transfer node refused."
		if nodeapi.IsNotFound(err) {
			message = "The content is not on the transfer node."
		}
	}
	return newProblem(http.StatusBadGateway, message)
}
