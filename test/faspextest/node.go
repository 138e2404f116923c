// Package faspextest runs the control plane and a transfer node in a test's own process: real databases, core, service
// and Node API server, over real HTTP. The moving of bytes is left out unless a test asks for it (StartTransferNode,
// StartGateway): a test says what a transfer did, in the words in which a node's transfer server records it.
package faspextest

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/buckets"
	"faspex.io/operator/dataplane/nodeapi"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/remote"
	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/storage"
	nodestore "faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/nodetest"
	"faspex.io/operator/test/s3d"
)

const (
	nodeUser     = "node-user"
	nodePassword = "Node-Secret-1"
	waitLimit    = 30 * time.Second
)

// Node is a Node API server with TLS, a database and a folder.
type Node struct {
	Dir      string // the storage
	state    NodeState
	recorder *nodestore.NodeRecorder
	web      *httptest.Server
	host     string
	port     int
	ca       string
	// transfers is the node's transfer server; nil when no bytes move.
	transfers *nodetest.Node

	mu      sync.Mutex
	revoked []nodeclient.Revocation
	revoke  int // what the node answers to revocations: a status
}

// NodeState is what a node is started with, and what another one needs to be the same node.
type NodeState struct {
	// Database of the node, of a user who may change its schema.
	Database *mysql.Config
	// Dir is the storage.
	Dir string
	// User and Password are the node user's.
	User, Password string
	Keys           token.Keys
}

// freshNode is a node that nobody has used.
func freshNode(t testing.TB) NodeState {
	t.Helper()
	return NodeState{Database: mariadbd.Start(t).Database(t), Dir: t.TempDir(), User: nodeUser, Password: nodePassword,
		Keys: token.Keys{Active: "k1", ByID: map[string][]byte{"k1": bytes.Repeat([]byte{7}, token.KeySize)}}}
}

// StartNode starts a node that ends with the test.
func StartNode(t testing.TB) *Node {
	t.Helper()
	return startNode(t, freshNode(t), false, nil)
}

// StartNodeOf starts a node with a state that is given.
func StartNodeOf(t testing.TB, state NodeState) *Node {
	t.Helper()
	return startNode(t, state, false, nil)
}

// StartTransferNode starts a node that has a transfer server, too: real sessions over SSH and UDP, with
// the node's tokens and records.
func StartTransferNode(t testing.TB) *Node {
	t.Helper()
	return startNode(t, freshNode(t), true, nil)
}

// StartBucketNode is StartTransferNode with the packages in a bucket.
func StartBucketNode(t testing.TB, s *s3d.Server) *Node {
	t.Helper()
	n := startNode(t, freshNode(t), true, s)
	if err := n.Client(t).Mount(t.Context(), strings.TrimPrefix(inbox, "/"), nodeclient.Storage{Type: "aws_s3",
		Endpoint: s.Endpoint, Region: "us-east-1", Bucket: s.Bucket, Path: "/faspex",
		Credentials: &nodeclient.StorageCredentials{AccessKeyID: "id", SecretAccessKey: "secret"}}); err != nil {
		t.Fatal(err)
	}
	return n
}

func startNode(t testing.TB, state NodeState, moves bool, bucket *s3d.Server) *Node {
	t.Helper()
	s, err := nodestore.New(state.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := &Node{Dir: state.Dir, state: state}
	root, err := storage.Open(n.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	keys, err := token.NewKeyring(state.Keys)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	n.recorder = nodestore.NewRecorder(s, "n1", time.Now, log)
	settings := nodeapi.TransferSettings{
		Door:    nodeapi.Door{Host: "192.0.2.7", SSHPort: 33001, UDPPort: 33001},
		User:    "xfer",
		Ciphers: []string{"aes-256-gcm"}, RatePolicy: "fair",
	}
	authorities := x509.NewCertPool()
	if bucket != nil {
		authorities.AppendCertsFromPEM(bucket.CA)
	}
	objects := buckets.New(buckets.Options{Store: s, Keys: keys, Authorities: authorities, Logger: log,
		Memory: objectstore.NewMemory(objectstore.DefaultMemory, 0)})
	var transfers nodeapi.Transferrer
	if moves {
		// Its tokens are sealed with the same key.
		n.transfers = nodetest.StartIn(t, n.Dir, func(server *transfer.Server, _ *sshd.Config) {
			server.Recorder, server.Objects = n.recorder, objects
			// It counts the uses of tokens and knows which were withdrawn, as nodes do.
			server.Authorizer.(*token.Verifier).Ledger = nodestore.Ledger{Store: s}
			settings.UDPPort, transfers = server.UDPPort, server
		})
		settings.Host, settings.SSHPort = "127.0.0.1", n.transfers.SSHPort
	}
	server := nodeapi.New(nodeapi.Config{
		Store: s, Storage: root, Keys: keys, Objects: objects,
		NodeUser: func() nodeapi.Credentials {
			return nodeapi.Credentials{Username: state.User, Password: state.Password}
		},
		Transfer: settings,
		NodeID:   "n1", ClusterID: "c1", Version: "test", Now: time.Now, Log: log, Metrics: prometheus.NewRegistry(),
		Transfers: transfers, Remotes: remote.Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	})
	ctx, stop := context.WithCancel(context.Background())
	recorded := make(chan struct{})
	go func() {
		defer close(recorded)
		n.recorder.Run(ctx)
	}()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		if transfers != nil {
			server.RunJobs(ctx)
		}
	}()
	t.Cleanup(func() { stop(); <-worked; <-recorded })

	n.revoke = http.StatusNoContent
	n.web = httptest.NewTLSServer(n.noteRevocations(server.Handler()))
	t.Cleanup(n.web.Close)
	u, err := url.Parse(n.web.URL)
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	if n.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	n.host, n.ca = host, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.web.Certificate().Raw}))
	return n
}

// noteRevocations keeps what the node was told to revoke, and answers it: here are no sessions that could be ended.
func (n *Node) noteRevocations(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ops/revocations" {
			next.ServeHTTP(w, r)
			return
		}
		var told nodeclient.Revocation
		user, password, _ := r.BasicAuth()
		if user != n.state.User || password != n.state.Password || r.Method != http.MethodPost ||
			json.NewDecoder(r.Body).Decode(&told) != nil {
			http.Error(w, "not a revocation of the node user", http.StatusBadRequest)
			return
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.revoke < 300 {
			n.revoked = append(n.revoked, told)
		}
		w.WriteHeader(n.revoke)
	})
}

// Revocations are those that the node took so far.
func (n *Node) Revocations() []nodeclient.Revocation {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.revoked)
}

// AnswerRevocations sets the status that the node answers to revocations from now on.
func (n *Node) AnswerRevocations(status int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.revoke = status
}

// Stop makes the node unreachable.
func (n *Node) Stop() { n.web.Close() }

// Change is the body that registers the node in Faspex.
func (n *Node) Change(name string) api.NodeChange {
	return api.NodeChange{Name: &name, Host: &n.host, APIPort: &n.port, APIUsername: &n.state.User,
		APIPassword: &n.state.Password,
		UseSSL:      ptr(true), VerifySSL: ptr(true), PublicKey: &n.ca, NodeType: ptr("gen4_node"),
		ConnectionTimeout: ptr(10)}
}

// Client is a Node API client with the node user's rights.
func (n *Node) Client(t testing.TB) *nodeclient.Client {
	t.Helper()
	return n.ClientAs(t, n.state.User, n.state.Password)
}

// ClientAs is a Node API client with an access key's rights.
func (n *Node) ClientAs(t testing.TB, username, password string) *nodeclient.Client {
	t.Helper()
	c, err := nodeclient.New(nodeclient.Config{URL: n.web.URL, Username: username, Password: password, CA: []byte(n.ca)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// Write puts a file into the storage.
func (n *Node) Write(t testing.TB, path, text string) {
	t.Helper()
	full := filepath.Join(n.Dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Session records a session of the transfer that a spec is for, as the transfer server does when a
// client shows the spec's token.
type Session struct {
	node       *Node
	transferID string
	recording  record.Recording
}

// Begin starts a session for a transfer spec.
func (n *Node) Begin(t testing.TB, spec transferspec.Spec) *Session {
	t.Helper()
	return n.BeginAs(t, spec, nil)
}

// BeginAs starts a session of which change says what is different from the session of a
// client that does as the spec says.
func (n *Node) BeginAs(t testing.TB, spec transferspec.Spec, change func(*record.Transfer)) *Session {
	t.Helper()
	var tags struct {
		Aspera struct {
			XferID string `json:"xfer_id"`
		} `json:"aspera"`
	}
	if err := json.Unmarshal(spec.Tags, &tags); err != nil || tags.Aspera.XferID == "" {
		t.Fatalf("tags %s hold no transfer id: %v", spec.Tags, err)
	}
	transfer := record.Transfer{
		TransferID: tags.Aspera.XferID, SessionID: uuid.NewString(), Direction: spec.Direction, TokenUser: n.state.User,
		TokenKind:  "transfer",
		RemoteUser: "xfer", ClientAddr: "192.0.2.9", ServerAddr: "192.0.2.7", Cookie: spec.Cookie, Tags: spec.Tags,
		StartSpec: record.StartSpec{DestinationPath: spec.DestinationRoot},
	}
	if change != nil {
		change(&transfer)
	}
	recording, err := n.recorder.Begin(t.Context(), transfer)
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{node: n, transferID: transfer.TransferID, recording: recording}
	s.waitFor(t, func(tr nodeclient.Transfer) bool { return tr.Status == nodeclient.StatusRunning })
	return s
}

// Progress records how far the session is; the node tells it a moment later, or with the end.
func (s *Session) Progress(written, expected, files int64) {
	s.recording.Progress(record.Progress{BytesExpected: expected, FilesExpected: files, BytesTransferred: written,
		BytesWritten: written})
}

// AwaitProgress waits until the node tells that so many bytes were written.
func (s *Session) AwaitProgress(t testing.TB, written int64) {
	t.Helper()
	s.waitFor(t, func(tr nodeclient.Transfer) bool { return tr.BytesWritten == written })
}

// Finish ends the session and waits until the node tells it. An empty reason is success.
func (s *Session) Finish(t testing.TB, reason string) {
	t.Helper()
	outcome := record.Outcome{Status: record.StatusCompleted}
	if reason != "" {
		outcome = record.Outcome{Status: record.StatusFailed, Code: 15, Description: reason}
	}
	s.End(t, outcome)
}

// End ends the session in some other way, and waits until the node tells it.
func (s *Session) End(t testing.TB, outcome record.Outcome) {
	t.Helper()
	s.recording.Finish(outcome)
	s.waitFor(t, func(tr nodeclient.Transfer) bool { return tr.Status == string(outcome.Status) })
}

// Canceled waits until somebody canceled the session's transfer through the Node API; false
// when nobody did within the limit.
func (s *Session) Canceled() bool {
	select {
	case <-s.recording.Canceled():
		return true
	case <-time.After(waitLimit):
		return false
	}
}

func (s *Session) waitFor(t testing.TB, reached func(nodeclient.Transfer) bool) {
	t.Helper()
	client := s.node.Client(t)
	for deadline := time.Now().Add(waitLimit); ; time.Sleep(10 * time.Millisecond) {
		tr, err := client.Transfer(t.Context(), s.transferID)
		if err == nil && reached(tr) {
			return
		}
		if err != nil && !nodeclient.IsNotFound(err) {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the node does not tell of the session: %+v, %v", tr, err)
		}
	}
}

func ptr[T any](v T) *T { return &v }
