package nodeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transferspec"
)

const (
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
func (s *Server) setup(ctx context.Context, c *caller, r *http.Request, direction transferspec.Direction) (any, error) {
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
	issued := s.issued(ctx)
	out := client.TransferSpecs{TransferSpecs: make([]client.WrappedTransferSpec, len(in.TransferRequests))}
	for i, req := range in.TransferRequests {
		spec, err := s.transferSpec(ctx, c, req.TransferRequest, direction, issued)
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

// clockLimit is how long a setup waits for the database's time.
const clockLimit = 2 * time.Second

// issued is when a token is made, by the clock that revocations go by, in microseconds. Without the database it is 0:
// such a token counts as older than every revocation.
func (s *Server) issued(ctx context.Context) int64 {
	ctx, cancel := context.WithTimeout(ctx, clockLimit)
	defer cancel()
	now, err := s.Store.Clock(ctx)
	if err != nil {
		s.Log.Warn("a token is issued without the time of the database", "error", err)
		return 0
	}
	return now.UnixMicro()
}

func (s *Server) transferSpec(
	ctx context.Context, c *caller, req client.TransferRequest, direction transferspec.Direction, issued int64,
) (transferspec.Spec, error) {
	if len(req.Cookie) > maxCookieBytes {
		return transferspec.Spec{}, errBadRequest("cookie is too long")
	}
	layout, err := layOut(req, direction)
	if err != nil {
		return transferspec.Spec{}, err
	}
	if err := c.permitsAll(layout.allowed, direction); err != nil {
		return transferspec.Spec{}, err
	}
	if !c.master() {
		if err := token.CheckTags(req.Tags); err != nil {
			return transferspec.Spec{}, errForbidden("tags.aspera.faspex is for the node user alone")
		}
	}
	uses, err := tokenUses(c, req.Uses)
	if err != nil {
		return transferspec.Spec{}, err
	}
	keys, err := loginKeys(req.PublicKeys)
	if err != nil {
		return transferspec.Spec{}, err
	}
	transferID := uuid.NewString()
	if named, ok := namedTransfer(req.Tags); ok && c.master() {
		transferID = named
	}
	tags, err := transferTags(req.Tags, transferID)
	if err != nil {
		return transferspec.Spec{}, err
	}
	life := time.Duration(req.TokenLifeSeconds) * time.Second
	switch {
	case req.TokenLifeSeconds < 0:
		return transferspec.Spec{}, errBadRequest("token_life_seconds is negative")
	case req.TokenLifeSeconds == 0:
		life = token.DefaultLife
	case req.TokenLifeSeconds > int64(token.MaxLife/time.Second):
		life = token.MaxLife
	}
	var limits store.TransferLimits
	root, keyCreated := c.root, int64(0)
	if c.key != nil {
		// The token is good for the key's folder, wherever that is when it is used.
		limits, root, keyCreated = c.key.Limits, "/", c.key.CreatedUsec
	}
	cipher, weakest, err := s.ciphers(limits)
	if err != nil {
		return transferspec.Spec{}, err
	}
	rates := s.rates(req, limits)
	user := s.transferUser(c)
	expires := s.Now().Add(life).UTC().Truncate(time.Second)
	text, err := s.Keys.Seal(token.Grant{
		TransferID: transferID, Direction: direction, Root: root, Paths: layout.allowed,
		User: user, TokenUser: c.user, AccessKey: c.keyID(), KeyCreatedUsec: keyCreated,
		IssuedUsec: issued, Uses: uses, LoginKeys: keys,
		ExpiresAt: expires, Cookie: req.Cookie, Tags: tags, Rates: rates,
	})
	if err != nil {
		return transferspec.Spec{}, err
	}
	door := s.Transfer.Door
	if req.RemoteHost != "" {
		door.Host = req.RemoteHost
	} else if s.Choose != nil {
		door = s.Choose()
	}
	if limits.NoWebSocket {
		door.WSSPort = 0
	}
	if keys != nil {
		if err := s.Store.PermitLoginKeys(ctx, user, keys, expires); err != nil {
			return transferspec.Spec{}, err
		}
		door.WSSPort = 0 // A WebSocket proves no key.
	}
	no := false
	return transferspec.Spec{
		Direction: direction, Token: text, Cookie: req.Cookie, Tags: tags,
		SourceRoot: layout.sourceRoot, DestinationRoot: layout.destinationRoot, Paths: layout.paths,
		RemoteHost: door.Host, RemoteUser: user, SSHPort: door.SSHPort, FASPPort: door.UDPPort,
		SSHFP: door.SSHFingerprint, WSSEnabled: door.WSSPort != 0, WSSPort: door.WSSPort,
		Cipher: cipher, CipherAllowed: weakest, ContentProtection: req.ContentProtection,
		RatePolicy: rates.Policy, RatePolicyAllowed: "fixed", TargetRateKbps: rates.TargetKbps,
		TargetRateCapKbps: rates.TargetCapKbps, MinRateKbps: rates.MinKbps,
		HTTPFallback: &no, CreateDir: direction == transferspec.Send,
	}, nil
}

// transferUser is who a caller transfers as.
func (s *Server) transferUser(c *caller) string {
	if c.node != nil && slices.Contains(s.Transfer.Users, c.node.TransferUser) {
		return c.node.TransferUser
	}
	return s.Transfer.User
}

// permitsAll refuses what the restrictions of a node user don't permit at this end of a transfer.
func (c *caller) permitsAll(allowed []token.Path, direction transferspec.Direction) error {
	if c.node == nil {
		return nil
	}
	for _, p := range allowed {
		here := p.Source
		if direction == transferspec.Send {
			here = p.Destination
		}
		clean, err := storage.Clean(here)
		if err != nil {
			return err
		}
		if !c.node.Permits(clean) {
			return errRestricted
		}
	}
	return nil
}

// maxUsesName is in characters, as the database counts them.
const maxUsesName = 255

// tokenUses are what the node user limits the uses of a token to.
func tokenUses(c *caller, u *client.Uses) (*token.Uses, error) {
	switch {
	case u == nil:
		return nil, nil
	case !c.master():
		return nil, errForbidden("only the node user limits the uses of tokens")
	case u.Name == "" || !utf8.ValidString(u.Name) || utf8.RuneCountInString(u.Name) > maxUsesName:
		return nil, errBadRequest(fmt.Sprintf("uses.name must have 1 to %d characters", maxUsesName))
	case u.Limit < 1:
		return nil, errBadRequest("uses.limit must be at least 1")
	}
	return &token.Uses{Name: u.Name, Limit: u.Limit}, nil
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
	if r.TargetCapKbps > 0 {
		r.MinKbps = min(r.MinKbps, r.TargetCapKbps)
	}
	for _, policy := range []string{req.RatePolicy, key.Policy, s.Transfer.RatePolicy} {
		switch policy {
		case "fixed", "high", "fair", "low":
			r.Policy = policy
			return r
		}
	}
	return r
}

// ciphers are what a client is told to use and the weakest it may: the access key's own if the node has it, else the
// node's first that encrypts and that the key permits.
func (s *Server) ciphers(key store.TransferLimits) (use, weakest string, err error) {
	permitted := slices.Clone(s.Transfer.Ciphers)
	if granted := key.Ciphers(); granted != nil {
		permitted = slices.DeleteFunc(permitted, func(c string) bool { return !slices.Contains(granted, c) })
	}
	if len(permitted) == 0 {
		return "", "", errConflict("the access key requires cipher " + key.Cipher +
			" or stronger, which this node does not permit")
	}
	weakest = permitted[len(permitted)-1]
	if named := key.Cipher + "-gcm"; slices.Contains(permitted, named) {
		return named, weakest, nil
	}
	for _, c := range permitted {
		if c != "none" {
			return c, weakest, nil
		}
	}
	return permitted[0], weakest, nil
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

// namedTransfer is the id that an application chose for the transfer: a uuid in the tags. Only the node user's counts,
// for whoever knows the id of another's transfer could speak of it otherwise.
func namedTransfer(raw json.RawMessage) (string, bool) {
	var tags struct {
		Aspera struct {
			XferID string `json:"xfer_id"`
		} `json:"aspera"`
	}
	if len(raw) > maxTagsBytes || json.Unmarshal(raw, &tags) != nil || len(tags.Aspera.XferID) != 36 {
		return "", false
	}
	id, err := uuid.Parse(tags.Aspera.XferID)
	return id.String(), err == nil
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
