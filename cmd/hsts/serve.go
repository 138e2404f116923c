package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"faspex.io/operator/dataplane/buckets"
	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/proxied"
	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/wss"
	"faspex.io/operator/internal/version"
)

const (
	migratePause = 3 * time.Second
	// drainTime is how long calls of the Node API may go on after the end was asked for.
	drainTime = 10 * time.Second
)

func serveCommand() *cobra.Command {
	var configPath string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the transfer node until SIGTERM",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(configPath)
			if err != nil {
				return err
			}
			env, err := config.ReadEnvironment(os.Getenv)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: env.LogLevel}))
			return serve(cmd.Context(), configPath, cfg, env, log.With("node", env.NodeName))
		},
	}
	cmd.Flags().StringVar(&configPath, "config", "/etc/hsts/config/hsts.yaml", "configuration file")
	return cmd
}

// node is one running transfer node.
type node struct {
	// configFile is where cfg is from; the totals in it may change.
	configFile string
	totals     totals
	cfg        config.Config
	env        config.Environment
	log        *slog.Logger
	secrets    *config.Secrets
	hostKeys   []ssh.Signer
	files      *storage.Root
	store      *store.Store
	fileIDs    *fileaccess.Files
	objects    *buckets.Buckets
	recorder   *store.NodeRecorder
	registry   *prometheus.Registry
	logins     logins
	health     *health
	folders    folders
	sessions   *transfer.Server
	// migrated is closed when the schema of the database is the one this program was built for.
	migrated chan struct{}
}

func serve(ctx context.Context, configFile string, cfg config.Config, env config.Environment, log *slog.Logger) error {
	n := &node{
		configFile: configFile, cfg: cfg, env: env, log: log, totals: newTotals(cfg.Rates),
		registry: prometheus.NewRegistry(), migrated: make(chan struct{}),
	}
	n.totals.register(n.registry)
	n.logins = newLogins(n.registry)
	var err error
	if n.secrets, err = config.LoadSecrets(cfg.Secrets); err != nil {
		return err
	}
	if n.hostKeys, err = sshd.LoadHostKeys(cfg.Secrets.SSHHostKeys); err != nil {
		return err
	}
	if n.files, err = storage.OpenEncrypted(cfg.StorageRoot, n.secrets.Storages()); err != nil {
		return err
	}
	defer n.files.Close()
	if err := n.files.FollowListed(cfg.SymbolicLinks.Follow); err != nil {
		return fmt.Errorf("symbolicLinks.follow: %w", err)
	}
	n.makeDocroots()
	if n.store, err = store.New(env.Database); err != nil {
		return err
	}
	defer n.store.Close()
	if n.objects, err = n.newBuckets(); err != nil {
		return err
	}
	n.fileIDs = fileaccess.New(n.store, n.files)
	n.fileIDs.WithObjects(n.objects)
	safe, err := cfg.Logins.SafeNetworks()
	if err != nil {
		return err
	}
	n.store.Throttle().Limit(store.LoginLimits{
		Window: cfg.Logins.Window, Failures: cfg.Logins.Failures, AddressFailures: cfg.Logins.AddressFailures, Safe: safe,
	})
	n.recorder = store.NewRecorder(n.store, env.NodeName, time.Now, log)
	n.recorder.Keep(store.History(cfg.History))
	n.sessions = n.newSessions()
	n.health = newHealth(n)
	log.Info("hsts starts", "version", version.Version, "address", env.AdvertiseAddress,
		"ssh", cfg.Ports.SSH, "udp", cfg.Ports.UDP, "nodeAPI", cfg.Ports.NodeAPI, "wss", cfg.Ports.WSS)
	err = n.run(ctx)
	log.Info("hsts ends")
	return err
}

// makeDocroots makes the folders of transfer users. One that can't be made keeps nobody else from transferring.
func (n *node) makeDocroots() {
	for _, u := range n.cfg.TransferUsers {
		if u.Docroot == "" {
			continue
		}
		if err := n.files.Strict().MkdirAll(u.Docroot, 0o755); err != nil {
			n.log.Error("docroot of a transfer user can't be made", "user", u.Name, "error", err)
		}
	}
}

// run starts all parts and ends them in order: transfers first, then the calls in progress, then the record of both.
func (n *node) run(ctx context.Context) error {
	recording, stopRecording := context.WithCancel(context.WithoutCancel(ctx))
	recorded := make(chan struct{})
	go func() {
		defer close(recorded)
		// Without a schema there is nothing to write to, and nobody to tell.
		select {
		case <-n.migrated:
		case <-recording.Done():
		}
		n.recorder.Run(recording)
	}()
	defer func() { stopRecording(); <-recorded }()

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { n.secrets.Watch(ctx, n.log); return nil })
	group.Go(func() error {
		config.WatchRates(ctx, n.configFile, n.cfg.Rates, n.log, func(r config.Rates) {
			n.totals.set(r)
			n.totals.log(n.log)
		})
		return nil
	})
	group.Go(func() error { return n.serveMetrics(ctx) })
	group.Go(func() error { return n.serveTransfers(ctx) })
	group.Go(func() error { return n.serveNodeAPI(ctx) })
	return group.Wait()
}

func (n *node) serveTransfers(ctx context.Context) error {
	data, err := udplink.Listen(port(n.cfg.Ports.UDP), udplink.Options{GSO: udplink.GSO(n.cfg.GSO)})
	if err != nil {
		return err
	}
	defer data.Close()
	n.registry.MustRegister(udpMetrics{data})
	n.sessions.Links = data
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.serveSSH(ctx, n.sessions) })
	if n.cfg.Ports.WSS != 0 {
		group.Go(func() error { return n.serveWebSockets(ctx, n.sessions) })
	}
	return group.Wait()
}

// newSessions makes what runs the sessions of this node: those of clients, once it has a data port, and those of jobs.
func (n *node) newSessions() *transfer.Server {
	return &transfer.Server{
		Root: n.files, Objects: n.objects,
		Authorizer: countingAuthorizer{&token.Verifier{
			Keys: n.secrets.Keys(), AccessKeys: fileaccess.Keys{Store: n.store, Files: n.fileIDs},
			Ledger: store.Ledger{Store: n.store}, Users: n.cfg.UserRules(), Now: time.Now,
			Spend: func(ctx context.Context) error { return n.store.SpendLogin(ctx, "") },
		}, n.logins},
		Recorder:    n.recorder,
		Claims:      store.Claims{Store: n.store},
		UDPPort:     n.cfg.Ports.UDP,
		Agent:       "hsts " + version.Version,
		Ciphers:     n.cfg.Ciphers,
		DefaultKbps: n.cfg.Rates.TargetKbps, CapKbps: n.cfg.Rates.MaxKbps,
		Policy:   n.cfg.Rates.Policy,
		Outbound: n.totals.send, Inbound: n.totals.receive,
		OutsideLinks: n.cfg.SymbolicLinks.PermitOutside,
		Logger:       n.log,
	}
}

func (n *node) serveSSH(ctx context.Context, sessions *transfer.Server) error {
	sshConfig := sshd.Config{HostKeys: n.hostKeys, Users: n.cfg.Names(), Transfers: sessions, Logger: n.log}
	sshConfig.TokenKey = func(user string, key ssh.PublicKey) (bool, error) {
		return n.store.LoginKeyPermitted(ctx, user, ssh.FingerprintSHA256(key))
	}
	if dir := n.cfg.Secrets.AuthorizedKeys; dir != "" {
		sshConfig.AuthorizedKeys = sshd.AuthorizedKeysIn(dir)
	}
	if dir := n.cfg.Secrets.Passwords; dir != "" {
		sshConfig.Password = n.sshPasswords(dir)
	}
	server, err := sshd.New(sshConfig)
	if err != nil {
		return err
	}
	listener, err := n.listen(n.cfg.Ports.SSH)
	if err != nil {
		return fmt.Errorf("listen for ssh: %w", err)
	}
	n.health.accepting.Store(true)
	return server.Serve(ctx, listener)
}

// listen opens a TCP port that balancers may be in front of.
func (n *node) listen(number int) (net.Listener, error) {
	trusted, err := n.cfg.ProxyNetworks()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", port(number))
	if err != nil {
		return nil, err
	}
	return proxied.Listen(l, trusted, n.log), nil
}

// serveWebSockets has a port of its own, which may be open to others than the Node API is.
func (n *node) serveWebSockets(ctx context.Context, sessions *transfer.Server) error {
	server, err := wss.New(wss.Config{TLS: n.secrets.TLS(), Users: n.cfg.Names(), Transfers: sessions,
		Refused: n.logins.at("wss"), Logger: n.log})
	if err != nil {
		return err
	}
	listener, err := n.listen(n.cfg.Ports.WSS)
	if err != nil {
		return fmt.Errorf("listen for websockets: %w", err)
	}
	return server.Serve(ctx, listener)
}

func (n *node) serveNodeAPI(ctx context.Context) error {
	if !n.migrate(ctx) {
		return nil
	}
	close(n.migrated)
	if err := n.compareFolders(ctx); err != nil {
		n.log.Error("folders of the storages can't be compared with those of other nodes, will go on trying", "error", err)
	}
	upkeep, stopUpkeep := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { n.store.ShareBans(upkeep, n.log) })
	running.Go(func() { n.fileIDs.Sweep(upkeep, n.log) })
	running.Go(func() { n.objects.Keep(upkeep) })
	running.Go(func() { n.followNodeUsers(upkeep) })
	running.Go(func() { n.followFolders(upkeep) })
	defer func() { stopUpkeep(); running.Wait() }()
	remotes, err := n.cfg.RemoteRules(n.env.AdvertiseAddress)
	if err != nil {
		return err
	}
	own := store.Door{
		Node: n.env.NodeName, Host: n.env.AdvertiseAddress,
		SSHPort: n.cfg.Ports.SSH, UDPPort: n.cfg.Ports.UDP, WSSPort: n.cfg.Ports.WSS,
		SSHFingerprint: nodeapi.SSHFingerprint(n.hostKeys[0].PublicKey()),
	}
	through := newDoors(own)
	api := nodeapi.New(nodeapi.Config{
		Store: n.store, Storage: n.files, Objects: n.objects, Keys: n.secrets.Keys(),
		NodeUser: func() nodeapi.Credentials { return nodeapi.Credentials(n.secrets.NodeUser()) },
		Transfer: nodeapi.TransferSettings{
			Door: own,
			User: n.cfg.TransferUsers[0].Name, Users: n.cfg.Names(),
			Ciphers:    n.cfg.Ciphers,
			RatePolicy: n.cfg.Rates.Policy, TargetRateKbps: n.cfg.Rates.TargetKbps, MaxRateKbps: n.cfg.Rates.MaxKbps,
		},
		NodeID: n.env.NodeName, ClusterID: n.env.Database.DBName, Version: version.Version, Now: time.Now, Log: n.log,
		Metrics: n.registry, Refused: n.logins.at("api"), FilesHere: n.folders.err,
		Choose: func() store.Door {
			return through.choose(n.recorder.Active(), func() bool { return n.health.ready(ctx) == nil })
		},
		Transfers: n.sessions, Remotes: remotes,
	})
	running.Go(func() { api.RunJobs(upkeep) })
	listener, err := n.listen(n.cfg.Ports.NodeAPI)
	if err != nil {
		return fmt.Errorf("listen for the node api: %w", err)
	}
	server := &http.Server{
		Handler: api.Handler(), TLSConfig: n.secrets.TLS(), ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 256 << 10, // a bearer token is a header
	}
	n.health.answering.Store(true)
	running.Go(func() { through.follow(upkeep, n) })
	return serveHTTP(ctx, server, func() error { return server.ServeTLS(listener, "", "") })
}

// migrate waits for the database as long as it takes. Transfers that run go on meanwhile; none starts. It
// reports false when ctx ended first.
func (n *node) migrate(ctx context.Context) bool {
	last := ""
	for {
		err := n.store.Migrate(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if err.Error() != last {
			last = err.Error()
			n.log.Error("database schema can't be brought up to date, will go on trying", "error", err)
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(migratePause):
		}
	}
}

// serveHTTP runs a server until ctx ends and lets calls in progress finish.
func serveHTTP(ctx context.Context, server *http.Server, run func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}

func port(number int) string { return net.JoinHostPort("", strconv.Itoa(number)) }
