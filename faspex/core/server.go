// Package core is the API server: the Faspex API v5 and, beside it, the OAuth server. It decides who may see and
// do what, and turns packages into transfer specs by asking their node. It neither moves files nor watches
// transfers; the service does the latter.
package core

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/store"
)

// Base is the path under which everything lies.
const Base = "/aspera/faspex"

const v5 = "/api/v5"

// GatewayPath is where the router has the HTTP gateway.
const GatewayPath = "/aspera/http-gwy"

// Config of the server.
type Config struct {
	// ExternalURL is what people type (FASPEX_CORE_URL).
	ExternalURL string
	// Version is told by version and by the header X-IBM-Aspera.
	Version string
	// Gateway holds the secret that core shares with the instance's HTTP gateway, which is at GatewayPath
	// of ExternalURL; nil without one.
	Gateway *keyring.Ring
	// GatewayRoots vouch for gateways that are tested; nil for the system's.
	GatewayRoots *x509.CertPool
	// TrustedProxies are the routers whose X-Forwarded-For is believed; nobody's by default.
	TrustedProxies address.List
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Server is core.
type Server struct {
	store   *store.Store
	auth    *auth.Server
	dialer  *nodes.Dialer
	events  *eventHub
	limiter *limiter
	// heartbeat is how often a stream of events shows that it lives.
	heartbeat time.Duration
	gateway   *keyring.Ring // nil without one
	// gatewayRoots vouch for gateways that are tested.
	gatewayRoots *x509.CertPool
	// external is the origin that people type, without a slash at its end.
	external string
	version  string
	ring     *keyring.Ring
	now      func() time.Time
	log      *slog.Logger
	api      huma.API
}

// New wires a server; Handler serves it.
func New(s *store.Store, ring *keyring.Ring, cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	authServer, err := auth.New(s, ring, auth.Config{
		ExternalURL: cfg.ExternalURL, Base: Base, TrustedProxies: cfg.TrustedProxies, Now: cfg.Now, Log: cfg.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("configure core: %w", err)
	}
	return &Server{
		store: s, auth: authServer, ring: ring, dialer: nodes.NewDialer(ring), gateway: cfg.Gateway, gatewayRoots: cfg.GatewayRoots,
		events: newEventHub(s, cfg.Log), heartbeat: heartbeat, limiter: newLimiter(s, cfg.Now),
		external: strings.TrimSuffix(cfg.ExternalURL, "/"), version: cfg.Version, now: cfg.Now, log: cfg.Log,
	}, nil
}

// Ready reports why core should get no requests: no database, or a schema that does not serve it. It is the check of
// /health.
func (s *Server) Ready(ctx context.Context) error {
	state, err := s.store.Schema(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "not ready", "error", err)
		return errors.New("the database does not answer")
	}
	return state.Usable()
}

// Register adds everything below Base to a mux and makes the OpenAPI description of it.
func (s *Server) Register(mux *http.ServeMux) {
	cfg := huma.DefaultConfig("Faspex API", "5")
	cfg.OpenAPIPath = v5 + "/openapi"
	cfg.DocsPath, cfg.SchemasPath = "", "" // the documentation page would load scripts from elsewhere
	cfg.CreateHooks = nil                  // no $schema in answers
	cfg.OnAddOperation = []huma.AddOpFunc{describe}
	cfg.AllowAdditionalPropertiesByDefault = true // clients send fields that newer or older servers know
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"bearer": {Type: "http", Scheme: "bearer",
		BearerFormat: "JWT"}}
	cfg.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[api.ID](), reflect.TypeFor[textOrNumber]())
	s.api = humago.NewWithPrefix(mux, Base, cfg)

	s.auth.Register(mux)
	s.registerConfiguration()
	s.registerAccount()
	s.registerAccounts()
	s.registerRegistrations()
	s.registerContacts()
	s.registerNodes()
	s.registerNodeTests()
	s.registerSharedFolders()
	s.registerFolderReaders()
	s.registerFolderFiles()
	s.registerPackages()
	s.registerPackageChanges()
	s.registerDownloadDetails()
	s.registerNotifications()
	s.registerDistributionLists()
	s.registerMetadataProfiles()
	s.registerQuota()
	s.registerSpace()
	s.registerMailboxes()
	s.registerGroups()
	s.registerTransferSpecs()
	s.registerRemoteTransfers()
	s.registerDownloadTickets()
	s.registerInvitations()
	s.registerExternal()
	s.registerFiles()
	s.registerOAuthClients()
	s.registerSMTP()
	s.registerEmailNotifications()
	s.registerJobs()
	s.registerFileProcessing()
	s.registerWebhooks()
	s.registerWebhookEvents()
	s.registerMonitor()
	s.registerApplicationEvents()
	s.registerPurgePolicies()
	s.registerAlternateAddresses()
	s.registerProfileFields()
	s.registerPasswords()
	s.registerPersonalData()
	s.registerBranding()
	s.describeOAuth()
	mux.HandleFunc("GET "+eventsPath, s.streamEvents)
	s.describeEvents()
	s.describeSchemas()
	s.registerPublicPages(mux)
	s.registerReference(mux)
	mux.HandleFunc(Base+"/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, newProblem(http.StatusNotFound, "There is nothing at this address."))
	})
}

// OpenAPI gives the description of the API that Register made.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }
