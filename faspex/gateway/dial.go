package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	sshdial "faspex.io/operator/dataplane/sshd/dial"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
	wssdial "faspex.io/operator/dataplane/wss/dial"
	"faspex.io/operator/internal/version"
)

// agent is how the gateway declares itself to nodes; a node refuses by it what may not go over HTTP.
const agent = control.GatewayAgent + " faspex"

// session is a session with a node on behalf of a client: an upload or a download.
type session struct {
	// Upload or Download is what moves.
	Upload   *transfer.Upload
	Download *transfer.Download

	cancel context.CancelCauseFunc
	ended  chan struct{}
	// sum and err are how it ended, once ended is closed.
	sum transfer.Summary
	err error
}

// openUpload begins a session that sends an upload as a spec says. It lives until it is complete, fails or is closed,
// whatever becomes of ctx, which bounds the connecting alone. A token that the node refuses shows in the session.
func (s *Server) openUpload(ctx context.Context, spec transferspec.Spec, u *transfer.Upload) (*session, error) {
	if spec.Direction != "" && spec.Direction != transferspec.Send {
		return nil, newProblem(http.StatusBadRequest, "bad_request", "The transfer spec is not for an upload.")
	}
	c := &transfer.Client{Upload: u}
	c.Hello.Direction, c.Hello.Destination = string(transferspec.Send), spec.DestinationRoot
	return s.open(ctx, spec, c)
}

// openDownload begins a session that receives what the paths of a spec lead to.
func (s *Server) openDownload(ctx context.Context, spec transferspec.Spec) (*session, error) {
	if spec.Direction != "" && spec.Direction != transferspec.Receive {
		return nil, newProblem(http.StatusBadRequest, "bad_request", "The transfer spec is not for a download.")
	}
	c := &transfer.Client{Download: transfer.NewDownload(), MaxMemory: downloadMemory}
	c.Hello.Direction = string(transferspec.Receive)
	base, err := sourceBase(spec)
	if err != nil {
		return nil, err
	}
	c.Hello.Base = base
	for _, p := range spec.Paths {
		c.Hello.Sources = append(c.Hello.Sources, control.Source{Source: join(spec.SourceRoot, p.Source),
			Destination: p.Destination})
	}
	if len(c.Hello.Sources) == 0 {
		if spec.SourceRoot == "" {
			return nil, newProblem(http.StatusBadRequest, "bad_request", "The transfer spec has no paths.")
		}
		c.Hello.Sources = []control.Source{{Source: spec.SourceRoot}}
	}
	return s.open(ctx, spec, c)
}

func sourceBase(spec transferspec.Spec) (string, error) {
	if spec.SourceBase != "" || spec.SourceBase64 == "" {
		return spec.SourceBase, nil
	}
	text, err := base64.StdEncoding.DecodeString(spec.SourceBase64)
	if err != nil {
		return "", newProblem(http.StatusBadRequest, "bad_request", "The transfer spec's src_base64 is no base64.")
	}
	return string(text), nil
}

// join puts the source root before a source.
func join(root, source string) string {
	if root == "" || root == "/" {
		return source
	}
	return strings.TrimSuffix(root, "/") + "/" + strings.TrimPrefix(source, "/")
}

// downloadMemory bounds the engine's buffers of a download: the least that it takes.
const downloadMemory = 8 << 20

func (s *Server) open(ctx context.Context, spec transferspec.Spec, c *transfer.Client) (*session, error) {
	if spec.Token == "" {
		return nil, newProblem(http.StatusForbidden, "token_refused", "The transfer spec has no token.")
	}
	if spec.ContentProtection == "encrypt" {
		return nil, newProblem(http.StatusBadRequest, "encryption_required",
			"Files of this package have to be encrypted before they are sent, which a browser can't: use ascp.")
	}
	if c.Download != nil && transfer.PreventsHTTP(tags(spec)) {
		return nil, newProblem(http.StatusForbidden, "http_prevented",
			"The sender does not permit that these files are downloaded by a browser: use ascp.")
	}
	node, err := s.nodes.Of(spec)
	if err != nil {
		return nil, err
	}
	kind := "download"
	if c.Upload != nil {
		kind = "upload"
	}
	leave, err := s.bounds.enter(kind)
	if err != nil {
		return nil, err
	}
	channel, err := connect(ctx, node, spec)
	if err != nil {
		leave(err)
		return nil, err
	}
	h := &c.Hello
	h.Agent, h.Token, h.Cookie, h.Tags = agent+"/"+version.Version, spec.Token, spec.Cookie, tags(spec)
	h.Options = options(spec)
	c.Dial = func(ctx context.Context, port int, cfg engine.Config) (engine.Link, error) {
		return udplink.Dial(ctx, net.JoinHostPort(node.Host, strconv.Itoa(port)), cfg,
			udplink.Options{MaxDatagram: spec.DatagramSize})
	}
	living, cancel := context.WithCancelCause(s.living)
	out := &session{Upload: c.Upload, Download: c.Download, cancel: cancel, ended: make(chan struct{})}
	s.running.Go(func() {
		defer cancel(nil)
		out.sum, out.err = c.Run(living, channel)
		leave(out.err)
		s.log.Info("session ended", "kind", kind, "node", node.Host, "bytes", out.sum.BytesMoved,
			"resumed", out.sum.BytesResumed, "files", out.sum.FilesDone, "elapsed", out.sum.Elapsed, "error", out.err)
		close(out.ended)
	})
	return out, nil
}

// options are what a spec says of how files are stored. Times are always kept: by them the next upload knows the
// version.
func options(spec transferspec.Spec) control.Options {
	return control.Options{
		Overwrite: spec.Overwrite, CreateDir: spec.CreateDir, PreserveTimes: true,
		RatePolicy: spec.RatePolicy, TargetKbps: spec.TargetRateKbps, MinKbps: spec.MinRateKbps,
		DatagramSize: spec.DatagramSize,
	}
}

func tags(spec transferspec.Spec) json.RawMessage {
	if len(spec.Tags) > 0 || spec.Tags64 == "" {
		return spec.Tags
	}
	text, err := base64.StdEncoding.DecodeString(spec.Tags64)
	if err != nil || !json.Valid(text) {
		return nil
	}
	return text
}

// connect opens the control channel: over a WebSocket where spec and node have one, else over SSH.
func connect(ctx context.Context, node *Node, spec transferspec.Spec) (io.ReadWriteCloser, error) {
	user := spec.RemoteUser
	if user == "" {
		user = "xfer"
	}
	if node.WSSPort != 0 && (spec.WSSEnabled || node.SSHPort == 0) {
		return wssdial.Open(ctx, wssdial.Options{Host: node.Host, Port: node.WSSPort, User: user, Roots: node.roots})
	}
	if node.SSHPort == 0 {
		return nil, notAllowed("The list of nodes has no port of this node for such a transfer")
	}
	key := &sshdial.HostKey{Keys: node.keys, Fingerprint: spec.SSHFP}
	if len(node.keys) == 0 && spec.SSHFP == "" {
		return nil, newProblem(http.StatusForbidden, "node_not_allowed",
			"Neither the list of nodes nor the transfer spec (sshfp) says which host key the node has.")
	}
	if len(node.keys) > 0 {
		key.Fingerprint = ""
	}
	return sshdial.Open(ctx, sshdial.Options{Host: node.Host, Port: node.SSHPort, User: user, Token: true,
		HostKey: key})
}

// errClosed is why sessions end that nobody wants any more.
var errClosed = fail.New(fail.Canceled, "the client has ended the transfer")

// close ends a session and waits for that.
func (s *session) close(cause error) {
	s.cancel(cause)
	<-s.ended
}

// isOver says whether a session has ended.
func (s *session) isOver() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}
