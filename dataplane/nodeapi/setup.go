package nodeapi

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transferspec"
)

const (
	defaultTokenLife = 24 * time.Hour
	maxTokenLife     = 7 * 24 * time.Hour
	// retrySeconds is how long a client goes on retrying after a cut.
	retrySeconds   = 3600
	maxCookieBytes = 4 << 10
	maxTagsBytes   = 16 << 10
)

func (s *Server) uploadSetup(ctx context.Context, c *caller, r *http.Request) (any, error) {
	return s.setup(ctx, c, r, transferspec.Send)
}

func (s *Server) downloadSetup(ctx context.Context, c *caller, r *http.Request) (any, error) {
	return s.setup(ctx, c, r, transferspec.Receive)
}

// setup answers each request with a transfer spec, or with the error of that request.
func (s *Server) setup(_ context.Context, c *caller, r *http.Request, direction transferspec.Direction) (any, error) {
	if c.bearer {
		return nil, errForbidden("a bearer token is itself the token of a transfer")
	}
	var in client.TransferRequests
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if len(in.TransferRequests) == 0 {
		return nil, errBadRequest("transfer_requests is empty")
	}
	out := client.TransferSpecs{TransferSpecs: make([]client.WrappedTransferSpec, len(in.TransferRequests))}
	for i, req := range in.TransferRequests {
		spec, err := s.transferSpec(c, req.TransferRequest, direction)
		if err != nil {
			e := toAPIError(err)
			if e.failed() {
				return nil, err
			}
			out.TransferSpecs[i].Error = e.body()
			continue
		}
		out.TransferSpecs[i].TransferSpec = &spec
	}
	return out, nil
}

func (s *Server) transferSpec(c *caller, req client.TransferRequest, direction transferspec.Direction) (transferspec.Spec, error) {
	if len(req.Cookie) > maxCookieBytes {
		return transferspec.Spec{}, errBadRequest("cookie is too long")
	}
	layout, err := layOut(req, direction)
	if err != nil {
		return transferspec.Spec{}, err
	}
	transferID := uuid.NewString()
	tags, err := transferTags(req.Tags, transferID)
	if err != nil {
		return transferspec.Spec{}, err
	}
	life := time.Duration(req.TokenLifeSeconds) * time.Second
	switch {
	case req.TokenLifeSeconds < 0:
		return transferspec.Spec{}, errBadRequest("token_life_seconds is negative")
	case req.TokenLifeSeconds == 0:
		life = defaultTokenLife
	case req.TokenLifeSeconds > int64(maxTokenLife/time.Second):
		life = maxTokenLife
	}
	var limits store.TransferLimits
	if c.key != nil {
		if limits, err = c.key.Limits(); err != nil {
			return transferspec.Spec{}, err
		}
	}
	rates := s.rates(req, limits)
	text, err := s.Keys.Seal(token.Grant{
		TransferID: transferID, Direction: direction, Root: c.root, Paths: layout.allowed, User: s.Transfer.User, TokenUser: c.user, AccessKey: c.keyID(),
		ExpiresAt: s.Now().Add(life).UTC().Truncate(time.Second), Cookie: req.Cookie, Tags: tags, Rates: rates,
	})
	if err != nil {
		return transferspec.Spec{}, err
	}
	host := req.RemoteHost
	if host == "" {
		host = s.Transfer.Host
	}
	no := false
	return transferspec.Spec{
		Direction: direction, Token: text, Cookie: req.Cookie, Tags: tags,
		SourceRoot: layout.sourceRoot, DestinationRoot: layout.destinationRoot, Paths: layout.paths,
		RemoteHost: host, RemoteUser: s.Transfer.User, SSHPort: s.Transfer.SSHPort, FASPPort: s.Transfer.UDPPort, SSHFP: s.Transfer.SSHFingerprint,
		WSSEnabled: s.Transfer.WSSPort != 0, WSSPort: s.Transfer.WSSPort,
		Cipher: s.cipher(limits), CipherAllowed: s.Transfer.Ciphers[len(s.Transfer.Ciphers)-1], ContentProtection: req.ContentProtection,
		RatePolicy: rates.Policy, RatePolicyAllowed: "fixed", TargetRateKbps: rates.TargetKbps, TargetRateCapKbps: rates.TargetCapKbps, MinRateKbps: rates.MinKbps,
		HTTPFallback: &no, CreateDir: direction == transferspec.Send,
	}, nil
}

// layout is where the files of a transfer are: what the token allows, and what the client is told.
type layout struct {
	allowed                     []token.Path
	paths                       []transferspec.Path
	sourceRoot, destinationRoot string
}

// layOut reads the paths of a request. They are one of: names alone, destinations alone (uploads), or pairs of both.
func layOut(req client.TransferRequest, direction transferspec.Direction) (layout, error) {
	sourceRoot, err := storage.Clean(req.SourceRoot)
	if err != nil {
		return layout{}, err
	}
	destinationRoot, err := storage.Clean(req.DestinationRoot)
	if err != nil {
		return layout{}, err
	}
	var sources, destinations int
	for _, p := range req.Paths {
		for _, name := range []string{p.Source, p.Destination} {
			if _, err := storage.Clean(name); err != nil {
				return layout{}, err
			}
		}
		if p.Source != "" {
			sources++
		}
		if p.Destination != "" {
			destinations++
		}
	}
	n := len(req.Paths)
	if (sources != 0 && sources != n) || (destinations != 0 && destinations != n) || (n > 0 && sources+destinations == 0) {
		return layout{}, errBadRequest("paths must all have a source, all have a destination, or all have both")
	}
	if direction == transferspec.Send {
		return uploadLayout(req, destinationRoot, sources > 0, destinations > 0), nil
	}
	if n > 0 && sources == 0 {
		return layout{}, errBadRequest("paths of a download need a source")
	}
	return downloadLayout(req, sourceRoot, destinations > 0), nil
}

func uploadLayout(req client.TransferRequest, root string, withSources, withDestinations bool) layout {
	l := layout{destinationRoot: root, paths: req.Paths, sourceRoot: req.SourceRoot}
	switch {
	case !withDestinations:
		l.allowed = []token.Path{{Destination: root}}
	case withSources:
		for _, p := range req.Paths {
			l.allowed = append(l.allowed, token.Path{Source: p.Source, Destination: join(root, p.Destination)})
		}
	default:
		for _, p := range req.Paths {
			l.allowed = append(l.allowed, token.Path{Destination: join(root, p.Destination)})
		}
		// A client that names one destination uploads all its files into it, and reads where that is from here.
		if len(req.Paths) == 1 {
			l.destinationRoot, l.paths = l.allowed[0].Destination, nil
		}
	}
	return l
}

func downloadLayout(req client.TransferRequest, root string, pairs bool) layout {
	l := layout{paths: req.Paths, destinationRoot: req.DestinationRoot}
	if root != "/" {
		l.sourceRoot = root
	}
	if len(req.Paths) == 0 {
		l.paths = []transferspec.Path{{Source: "."}}
		l.allowed = []token.Path{{Source: root}}
		return l
	}
	for _, p := range req.Paths {
		allowed := token.Path{Source: join(root, p.Source)}
		if pairs {
			allowed.Destination = p.Destination
		}
		l.allowed = append(l.allowed, allowed)
	}
	return l
}

// join keeps p beneath root, whatever ".." it holds.
func join(root, p string) string { return path.Join(root, path.Clean("/"+p)) }

// rates are those asked for, within what the node and the access key allow.
func (s *Server) rates(req client.TransferRequest, key store.TransferLimits) token.Rates {
	r := token.Rates{
		TargetKbps:    firstPositive(req.TargetRateKbps, key.TargetRateKbps, s.Transfer.TargetRateKbps),
		TargetCapKbps: leastPositive(req.TargetRateCapKbps, key.TargetRateCapKbps, s.Transfer.MaxRateKbps),
		MinKbps:       max(req.MinRateKbps, 0),
	}
	r.TargetKbps = leastPositive(r.TargetKbps, r.TargetCapKbps)
	for _, policy := range []string{req.RatePolicy, key.Policy, s.Transfer.RatePolicy} {
		switch policy {
		case "fixed", "high", "fair", "low":
			r.Policy = policy
			return r
		}
	}
	return r
}

// cipher is the access key's, if the node has it, else the node's first that encrypts.
func (s *Server) cipher(key store.TransferLimits) string {
	if named := key.Cipher + "-gcm"; slices.Contains(s.Transfer.Ciphers, named) {
		return named
	}
	for _, c := range s.Transfer.Ciphers {
		if c != "none" {
			return c
		}
	}
	return s.Transfer.Ciphers[0]
}

func firstPositive(values ...int64) int64 {
	for _, v := range values {
		if v > 0 {
			return v
		}
	}
	return 0
}

// leastPositive is the strictest of limits of which 0 is none.
func leastPositive(values ...int64) int64 {
	least := int64(0)
	for _, v := range values {
		if v > 0 && (least == 0 || v < least) {
			least = v
		}
	}
	return least
}

// transferTags adds the id of the transfer to the tags of the application, where clients look for it.
func transferTags(raw json.RawMessage, transferID string) (json.RawMessage, error) {
	if len(raw) > maxTagsBytes {
		return nil, errBadRequest("tags are too large")
	}
	tags := map[string]any{}
	if text := strings.TrimSpace(string(raw)); text != "" && text != "null" {
		if err := json.Unmarshal(raw, &tags); err != nil {
			return nil, errBadRequest("tags must be an object")
		}
	}
	aspera, ok := tags["aspera"].(map[string]any)
	if !ok {
		if tags["aspera"] != nil {
			return nil, errBadRequest("tags.aspera must be an object")
		}
		aspera = map[string]any{}
		tags["aspera"] = aspera
	}
	aspera["xfer_id"] = transferID
	if aspera["xfer_retry"] == nil {
		aspera["xfer_retry"] = retrySeconds
	}
	out, err := json.Marshal(tags)
	if err != nil {
		return nil, errBadRequest("tags are not JSON")
	}
	return out, nil
}
