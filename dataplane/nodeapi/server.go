// Package nodeapi is the management interface of a transfer node: HTTP and JSON, compatible with
// existing clients of the Node API.
//
// It creates access keys, hands out transfer tokens, browses the storage and tells what transfers do. It moves no file
// data: that is the transfer server's part, which believes the tokens made here. All state is in the database, so every
// node of a cluster gives the same answers.
package nodeapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// Config is what the server needs. All fields are required unless they say otherwise.
type Config struct {
	Store    *store.Store
	Storage  *storage.Root
	Keys     *token.Keyring
	NodeUser func() Credentials
	Transfer TransferSettings
	// NodeID names this node, ClusterID the group that shares the database.
	NodeID, ClusterID string
	Version           string
	Now               func() time.Time
	Log               *slog.Logger
	Metrics           prometheus.Registerer
}

// Credentials of the node user: it may use the whole storage and create access keys.
type Credentials struct{ Username, Password string }

// TransferSettings is what clients are told about transfers with this node. Rates are in
// kilobits per second, 0 for no limit.
type TransferSettings struct {
	// Host is the address clients reach this node's SSH and UDP ports at.
	Host             string
	User             string
	SSHPort, UDPPort int
	// WSSPort is that of the control channel over TLS WebSocket; 0 if there is none.
	WSSPort int
	// SSHFingerprint is the SHA-1 of the SSH host key in hex; empty leaves it out.
	SSHFingerprint string
	// Ciphers from strongest to weakest.
	Ciphers        []string
	RatePolicy     string
	TargetRateKbps int64
	MaxRateKbps    int64
}

// Server answers the Node API.
type Server struct {
	Config
	verifier *token.Verifier
	metrics  metrics
	files    *fileaccess.Files
	// visitLimit bounds searches.
	visitLimit int
}

// New makes the server and registers its metrics.
func New(cfg Config) *Server {
	files := fileaccess.New(cfg.Store, cfg.Storage)
	return &Server{
		Config: cfg,
		verifier: &token.Verifier{
			Keys: cfg.Keys, AccessKeys: fileaccess.Keys{Store: cfg.Store, Files: files}, Ledger: store.Ledger{Store: cfg.Store},
			Now: cfg.Now,
		},
		files:   files,
		metrics: newMetrics(cfg.Metrics),

		visitLimit: maxVisited,
	}
}

// handler answers one call of an authenticated caller. What it returns becomes JSON, nil becomes 204;
// an error becomes an error body.
type handler func(ctx context.Context, c *caller, r *http.Request) (any, error)

// Handler routes the calls. CANCEL is a method of its own in this interface.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for pattern, h := range map[string]handler{
		"GET /{$}":  s.info,
		"GET /info": s.info,

		"GET /access_keys":         s.listAccessKeys,
		"POST /access_keys":        s.createAccessKey,
		"GET /access_keys/{id}":    s.readAccessKey,
		"PUT /access_keys/{id}":    s.updateAccessKey,
		"DELETE /access_keys/{id}": s.deleteAccessKey,
		"GET /self":                s.readAccessKey,

		"POST /files/upload_setup":   s.uploadSetup,
		"POST /files/download_setup": s.downloadSetup,

		"POST /files/browse": s.browse,
		"POST /files/page":   s.page,
		"POST /files/search": s.search,
		"POST /files/du":     s.usage,
		"POST /files/info":   s.filesInfo,
		"POST /files/create": s.createPaths,
		"POST /files/delete": s.deletePaths,
		"POST /files/rename": s.renamePaths,
		"POST /space":        s.space,

		"GET /files/{id}":            s.readFile,
		"PUT /files/{id}":            s.renameFile,
		"DELETE /files/{id}":         s.deleteFile,
		"GET /files/{id}/files":      s.listFiles,
		"GET /files/{id}/content":    s.contentByID,
		"GET /files/{path}/contents": s.contentsByPath,
		"POST /files/{id}/files":     s.createFile,

		"GET /permissions":         s.listPermissions,
		"POST /permissions":        s.createPermission,
		"GET /permissions/{id}":    s.readPermission,
		"PUT /permissions/{id}":    s.updatePermission,
		"DELETE /permissions/{id}": s.deletePermission,

		"GET /ops/transfers":         s.listTransfers,
		"GET /ops/transfers/{id}":    s.readTransfer,
		"PUT /ops/transfers/{id}":    s.changeTransfer,
		"CANCEL /ops/transfers/{id}": s.cancelTransfer,

		"POST /ops/revocations": s.revoke,
	} {
		mux.Handle(pattern, s.serve(h))
	}
	mux.Handle("/", s.serve(func(context.Context, *caller, *http.Request) (any, error) {
		return nil, errNotFound("there is no such call")
	}))
	return s.observe(mux)
}
