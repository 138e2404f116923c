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
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/buckets"
	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/remote"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// Config is what the server needs. All fields are required unless they say otherwise.
type Config struct {
	Store   *store.Store
	Storage *storage.Root
	// Objects are the storages in object stores; nil if the node has none.
	Objects  *buckets.Buckets
	Keys     *token.Keyring
	NodeUser func() Credentials
	Transfer TransferSettings
	// NodeID names this node, ClusterID the group that shares the database.
	NodeID, ClusterID string
	Version           string
	Now               func() time.Time
	Log               *slog.Logger
	Metrics           prometheus.Registerer
	// Refused, if not nil, is told why a log-in was refused.
	Refused func(reason string)
	// Transfers makes the transfers of jobs; nil if the node makes none. Remotes says where they may go.
	Transfers Transferrer
	Remotes   remote.Rules
	// FilesHere, if not nil, tells why the files of the storages are not at this node, nil if they are.
	FilesHere func() error
	// Choose, if not nil, is the door of the node that a new transfer is to go through: one of those that have the files.
	Choose func() Door
}

// Door is where clients reach a node's transfers.
type Door = store.Door

// Credentials of the node user: it may use the whole storage and create access keys.
type Credentials struct{ Username, Password string }

// TransferSettings is what clients are told about transfers with this node. Rates are in
// kilobits per second, 0 for no limit.
type TransferSettings struct {
	// Door is this node's own.
	Door
	// User is who transfers. A node user whose transfer user is one of Users transfers as that one.
	User  string
	Users []string
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
	// jobs works on jobs on files, transferJobs on those that make transfers.
	jobs, transferJobs *jobRunner
	// visitLimit bounds searches; tests lower it while the server runs.
	visitLimit atomic.Int64
}

// New makes the server and registers its metrics.
func New(cfg Config) *Server {
	files := fileaccess.New(cfg.Store, cfg.Storage)
	if cfg.Objects != nil {
		files.WithObjects(cfg.Objects)
	}
	s := &Server{
		Config: cfg,
		verifier: &token.Verifier{
			Keys: cfg.Keys, AccessKeys: fileaccess.Keys{Store: cfg.Store, Files: files}, Ledger: store.Ledger{Store: cfg.Store},
			Now: cfg.Now, Spend: func(ctx context.Context) error { return cfg.Store.SpendLogin(ctx, "") },
		},
		files:   files,
		metrics: newMetrics(cfg.Metrics),
	}
	s.visitLimit.Store(maxVisited)
	s.jobs = newJobRunner(s, jobsAtOnce, jobDelete, jobRename, jobUsage)
	s.transferJobs = newJobRunner(s, transfersAtOnce, store.JobTransfer)
	return s
}

// handler answers one call of an authenticated caller. What it returns becomes JSON, nil becomes 204;
// an error becomes an error body.
type handler func(ctx context.Context, c *caller, r *http.Request) (any, error)
