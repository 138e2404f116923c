package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"time"

	"faspex.io/operator/dataplane/mask"
	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

// maxMasked is how many files of a shared folder may get other names in a package: each is named in the transfer.
const maxMasked = 10_000

type remoteInput struct {
	IDPath
	SharedFolderID string `query:"shared_folder_id"`
	Body           remoteBody
}

// remoteBody names the folder here or in the query.
type remoteBody struct {
	SharedFolderID api.ID        `json:"shared_folder_id,omitempty"`
	Paths          []requestPath `json:"paths" required:"true" minItems:"1" maxItems:"10000" doc:"files and folders, relative to the shared folder"`
	// ContentProtectionPassphrase is refused: nodes encrypt no files of their own.
	ContentProtectionPassphrase string `json:"content_protection_passphrase,omitempty" maxLength:"1024"`
}

func (s *Server) registerRemoteTransfers() {
	register(s, operation{method: http.MethodPost, path: v5 + "/packages/{id}/remote_transfer",
		id: "remote-transfer", what: "package", access: policy.SendFromFolders, status: http.StatusCreated,
		summary: "Send files of a shared folder as a package's content; the node does it"}, s.remoteTransfer)
}

// remoteTransfer has the node of a shared folder send files to the package's own. A node that is down makes the package
// failed, with the reason; it may be tried again.
func (s *Server) remoteTransfer(ctx context.Context, in *remoteInput) (*body[api.RemoteTransferStatus], error) {
	v, err := s.view(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := v.can(policy.UploadFromFolder); err != nil {
		return nil, err
	}
	if err := mayFromHere(ctx, uploadAddresses); err != nil {
		return nil, err
	}
	if v.pkg.EncryptAtRest || in.Body.ContentProtectionPassphrase != "" {
		return nil, badField("Files of a shared folder can't be protected by a password. Send them from your computer.",
			"content_protection_passphrase")
	}
	folder, err := s.sourceFolder(ctx, orDefault(in.SharedFolderID, string(in.Body.SharedFolderID)))
	if err != nil {
		return nil, err
	}
	wanted, err := sources(&pathsBody{Paths: in.Body.Paths})
	if err == nil {
		err = distinct(wanted)
	}
	if err != nil {
		return nil, err
	}
	node, err := s.store.Node(ctx, folder.NodeID)
	if err != nil {
		return nil, err
	}
	client, err := s.dialer.Client(node)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	if v.pkg.ObfuscateNames {
		if wanted, err = maskedPaths(ctx, client, folder.Directory, wanted, mask.New(s.maskKey(*v.pkg))); err != nil {
			return nil, s.maskProblem(ctx, node, err)
		}
	}
	begun, err := s.store.BeginRemote(ctx, v.pkg.ID, folder.ID, s.now())
	if err != nil {
		return nil, err
	}
	if !begun {
		return nil, conflict("The package is being changed. Try again.")
	}
	failure := s.startRemote(ctx, *v.pkg, folder, node, client, wanted)
	if failure != "" {
		if _, err := s.store.RecordUpload(ctx, v.pkg.ID, store.Upload{Status: packages.UploadFailed,
			ErrorDesc: failure}); err != nil {
			return nil, err
		}
	}
	return s.remoteStatus(ctx, v.pkg.ID)
}

// distinct refuses what would get one name in the package: of a path its last element alone goes there.
func distinct(paths []transferspec.Path) error {
	if len(paths) == 0 {
		return badField("Name files or folders of the shared folder, not all of it.", "paths")
	}
	seen := map[string]bool{}
	for _, p := range paths {
		name := path.Base(p.Source)
		if seen[name] {
			return badField(fmt.Sprintf("Two of the paths end in %q. Send them in packages of their own.", name), "paths")
		}
		seen[name] = true
	}
	return nil
}

// sourceFolder reads a folder that the caller may take files from.
func (s *Server) sourceFolder(ctx context.Context, id string) (store.SharedFolder, error) {
	n, err := number(id, "shared folder")
	if err != nil {
		return store.SharedFolder{}, badField("shared_folder_id names no shared folder.", "shared_folder_id")
	}
	f, err := s.store.SharedFolder(ctx, n)
	if err != nil {
		return f, err
	}
	return f, s.mayRead(ctx, f)
}

// startRemote asks both nodes, and tells why the content does not come; empty when it is on its way.
func (s *Server) startRemote(ctx context.Context, p store.Package, folder store.SharedFolder, node store.Node,
	client *nodeapi.Client, paths []transferspec.Path) (failure string) {
	if p.UploadStatus != packages.UploadSubmitted {
		if err := s.endEarlier(ctx, p); err != nil {
			return s.whyNot(ctx, node, err)
		}
	}
	spec, err := s.setUpUpload(ctx, p)
	if err != nil {
		var told *problem
		if errors.As(err, &told) {
			return "The node of the inbox: " + told.Message
		}
		return s.whyNot(ctx, node, err)
	}
	job, err := client.StartTransfer(ctx, nodeapi.TransferJob{
		Direction: transferspec.Send, RemoteHost: spec.RemoteHost, RemoteUser: spec.RemoteUser, SSHPort: spec.SSHPort,
		FASPPort: spec.FASPPort, SSHFP: spec.SSHFP, TransferJobSecrets: nodeapi.TransferJobSecrets{Token: spec.Token},
		SourceRoot: folder.Directory, DestinationRoot: p.Directory, Paths: paths, Title: p.Title, Cookie: spec.Cookie,
		Cipher: spec.Cipher, RatePolicy: spec.RatePolicy, TargetRateKbps: spec.TargetRateKbps, MinRateKbps: spec.MinRateKbps,
		Tags: remoteRetry,
	})
	if err != nil {
		return s.whyNot(ctx, node, err)
	}
	if err := s.store.RemoteTaken(ctx, p.ID, job.ID); err != nil {
		return s.whyNot(ctx, node, err)
	}
	return ""
}

// remoteRetry is how long the folder's node tries to reach the other, in seconds without progress.
var remoteRetry = []byte(`{"aspera":{"xfer_retry":600}}`)

// endEarlier ends what an earlier transfer of a package may still do at the inbox's node.
func (s *Server) endEarlier(ctx context.Context, p store.Package) error {
	_, _, client, err := s.reach(ctx, p)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	tags, err := packages.Tags{PackageUUID: p.UUID}.Subset()
	if err != nil {
		return err
	}
	err = client.Revoke(ctx, nodeapi.Revocation{Tags: tags, Direction: string(transferspec.Send)})
	if nodeapi.IsUnsupported(err) {
		return nil
	}
	return err
}

// whyNot is what a sender is told of a node that did not take a transfer; the log has it all.
func (s *Server) whyNot(ctx context.Context, n store.Node, err error) string {
	s.logNodeFailure(ctx, err)
	var answer *nodeapi.Error
	switch {
	case nodeapi.IsNotFound(err):
		return "The files are not in the shared folder any more."
	case errors.As(err, &answer) && answer.Status < http.StatusInternalServerError && !nodeapi.IsUnauthorized(err):
		return fmt.Sprintf("The node %s refused the transfer.", n.Name)
	}
	return fmt.Sprintf("The node %s: %s", n.Name, nodes.FailureOf(err))
}

func (s *Server) remoteStatus(ctx context.Context, id int64) (*body[api.RemoteTransferStatus], error) {
	p, err := s.store.Package(ctx, id)
	if err != nil {
		return nil, err
	}
	source, err := s.store.RemoteSource(ctx, id)
	if err != nil {
		return nil, err
	}
	out := api.RemoteTransferStatus{
		User: caller(ctx).Name, TransferID: source.TransferID, BytesTransferred: p.BytesWritten,
		Percentage: percent(p.BytesWritten, p.TotalBytes), Status: string(p.UploadStatus), Direction: string(transferspec.Send),
		StartTime: stamp(source.AskedAt), ErrorDesc: p.ErrorDesc,
	}
	if p.UploadCompletedAt.Valid {
		out.StopTime = stamp(p.UploadCompletedAt.Time)
	}
	return answerWith(out), nil
}

// errTooMany means that more files are chosen than can get other names.
var errTooMany = errors.New("too many files to mask")

// listTime is how long the files of a shared folder are listed for their masks.
const listTime = 30 * time.Second

// maskedPaths names every file beneath the wanted paths, with another name for each.
func maskedPaths(ctx context.Context, client *nodeapi.Client, top string,
	wanted []transferspec.Path, names mask.Names) ([]transferspec.Path, error) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	var files, shown []string
	// The names in the package begin with the last element of a path.
	type place struct{ source, shown string }
	var left []place
	for _, p := range wanted {
		left = append(left, place{p.Source, path.Base(p.Source)})
	}
	for seen := 0; len(left) > 0; {
		at := left[len(left)-1]
		left = left[:len(left)-1]
		for skip := 0; ; {
			found, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: path.Join(top, at.source), Skip: skip, Count: 1000})
			if err != nil {
				return nil, err
			}
			if found.Self.Type == "file" {
				files, shown = append(files, at.source), append(shown, at.shown)
			}
			for _, e := range found.Items {
				next := place{path.Join(at.source, e.Basename), path.Join(at.shown, e.Basename)}
				switch e.Type {
				case "directory":
					left = append(left, next)
				case "file":
					files, shown = append(files, next.source), append(shown, next.shown)
				}
			}
			skip += len(found.Items)
			if seen += 1 + len(found.Items); len(files) > maxMasked || seen > 10*maxMasked {
				return nil, errTooMany
			}
			if len(found.Items) < 1000 || found.Self.Type == "file" {
				break
			}
		}
	}
	out := make([]transferspec.Path, len(files))
	for i := range files {
		out[i] = transferspec.Path{Source: files[i], Destination: names.File(shown[i])}
	}
	return out, nil
}

func (s *Server) maskProblem(ctx context.Context, node store.Node, err error) error {
	switch {
	case errors.Is(err, errTooMany):
		return badField(fmt.Sprintf("A package whose names are masked takes %d files of shared folders at most.", maxMasked),
			"paths")
	case nodeapi.IsNotFound(err):
		return badField("The shared folder holds no such file.", "paths")
	}
	return s.nodeProblem(ctx, node, err)
}
