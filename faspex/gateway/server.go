// Package gateway moves files between HTTP and transfer nodes: uploads of the page by tus, downloads by ticket, and
// the published gateway API. It keeps no files: what comes from a browser is pushed into a session with a node at
// once, and what comes from a node goes to the browser as fast as that takes it.
//
// It believes no token by itself: nodes check them, and decide what a session may do.
package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/keyring"
)

// Base is where the router sends requests to the gateway, unchanged.
const Base = "/aspera/http-gwy"

// Config is what a gateway needs.
type Config struct {
	Nodes *Nodes
	// Ring opens tickets: FASPEX_GATEWAY_SECRET.
	Ring *keyring.Ring
	// TrustedProxies are the router, whose X-Forwarded-For is believed.
	TrustedProxies address.List
	Limits         Limits
	Log            *slog.Logger
	Registry       prometheus.Registerer
	// Idle is how long an upload session lives without requests; 0 is 10 minutes.
	Idle time.Duration
}

// Server is the gateway.
type Server struct {
	nodes   *Nodes
	ring    *keyring.Ring
	proxies address.List
	log     *slog.Logger
	memory  *transfer.Memory
	bounds  *bounds
	idle    time.Duration

	living  context.Context // of all sessions
	stop    context.CancelCauseFunc
	running sync.WaitGroup

	uploads uploads
	used    usedTickets
	held    chan struct{} // room for chunks that are kept until their checksum is known
	texts   chan struct{} // and for long text messages of WebSockets
}

// New makes a gateway; Close ends its sessions.
func New(c Config) *Server {
	if c.Idle == 0 {
		c.Idle = 10 * time.Minute
	}
	s := &Server{nodes: c.Nodes, ring: c.Ring, proxies: c.TrustedProxies, log: c.Log, idle: c.Idle}
	s.memory = transfer.NewMemory(c.Limits.Memory, c.Limits.MemoryEach)
	s.bounds = newBounds(c.Limits, c.Registry, func() float64 { return float64(s.memory.Used()) })
	s.living, s.stop = context.WithCancelCause(context.Background())
	s.uploads.byID = map[string]*upload{}
	s.used.byID = map[string]usedTicket{}
	s.held = make(chan struct{}, heldChunks)
	s.texts = make(chan struct{}, longTexts)
	s.running.Go(s.expire)
	return s
}

// errStopping is why sessions end when the gateway does.
var errStopping = fail.New(fail.PeerAborted, "the gateway is shutting down, what was sent is kept")

// Close ends all sessions. What nodes have of files can be gone on with through another gateway.
func (s *Server) Close() {
	s.stop(errStopping)
	s.running.Wait()
}

// Ready says why the gateway can't serve, nil if it can.
func (s *Server) Ready(context.Context) error { return s.nodes.Ready() }

// Register adds the routes.
func (s *Server) Register(mux *http.ServeMux) {
	s.registerUploads(mux)
	s.registerTickets(mux)
	s.registerPublished(mux)
}
