// Package wss is the TLS WebSocket server of a transfer node: the same control channel as over SSH, two round trips
// shorter, and open where only HTTPS gets through.
//
// It knows no users that prove themselves: a session begins by its token, as one over SSH with a
// well-known key does. Like the SSH server it knows nothing of tokens, files and transfers; it hands each
// stream to its Transfers, who decide.
package wss

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/admission"
	"faspex.io/operator/dataplane/transfer"
	"github.com/coder/websocket"
)

// What a client asks for: GET Path?user=<transfer user>, with the subprotocol Subprotocol.
const (
	Path        = "/transfer"
	Subprotocol = "faspex-transfer"
)

// DefaultPort is where clients look for the server when nothing says otherwise.
const DefaultPort = 9093

// farewell is how long sessions may take to end when the server does.
const farewell = 10 * time.Second

// Transfers serves the control channel of one session. *transfer.Server is one.
type Transfers interface {
	Serve(ctx context.Context, stream io.ReadWriteCloser, peer transfer.Peer) error
}

// Limits bound what strangers can make the server do: clients of whom no session was authorized. Zero
// values are replaced by the defaults.
type Limits struct {
	// Handshake is how long a client may take from its connection to the authorization, whatever
	// it says meanwhile. Default 20 s.
	Handshake time.Duration
	// Strangers and StrangersPerIP are how many there may be, in all and from one address. Defaults 200 and 20.
	Strangers, StrangersPerIP int
	// Sessions is how many sessions may run beside those of strangers. Default 1000.
	Sessions int
}

func (l Limits) orDefault() Limits {
	if l.Handshake <= 0 {
		l.Handshake = 20 * time.Second
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Strangers, 200}, {&l.StrangersPerIP, 20}, {&l.Sessions, 1000}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return l
}

// Config is what a Server needs.
type Config struct {
	// TLS has the certificate of the server.
	TLS *tls.Config
	// Users are the transfer users that a client may name.
	Users     []string
	Transfers Transfers
	Limits    Limits
	// Refused, if not nil, is told why a log-in was refused.
	Refused func(reason string)
	Logger  *slog.Logger
}

// Server accepts WebSocket connections.
type Server struct {
	config    Config
	strangers *admission.Strangers
	known     atomic.Int64 // sessions that were authorized
	visitors  sync.WaitGroup
	sessions  sync.WaitGroup
}

// New makes a server.
func New(c Config) (*Server, error) {
	if c.TLS == nil {
		return nil, errors.New("websocket server: no certificate")
	}
	if len(c.Users) == 0 {
		return nil, errors.New("websocket server: no transfer user")
	}
	c.Limits = c.Limits.orDefault()
	return &Server{config: c, strangers: admission.NewStrangers(c.Limits.Strangers, c.Limits.StrangersPerIP)}, nil
}

// Serve accepts connections from l until ctx ends, then closes l and returns nil when all sessions have ended. Sessions
// see ctx end too: what they were doing can be resumed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) { s.upgrade(ctx, w, r) })
	one := new(http.Protocols)
	one.SetHTTP1(true) // A WebSocket takes over a connection, which is not to be had of HTTP/2.
	server := &http.Server{
		Handler: mux, TLSConfig: s.config.TLS, Protocols: one,
		ErrorLog:          slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: s.config.Limits.Handshake, MaxHeaderBytes: 16 << 10,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, visitorKey{}, c.(*tls.Conn).NetConn().(*visitor))
		},
	}
	server.SetKeepAlivesEnabled(false)
	stop := context.AfterFunc(ctx, func() { server.Close() }) // It leaves alone what has become a session.
	defer stop()
	defer s.sessions.Wait()
	defer s.visitors.Wait()
	err := server.ServeTLS(&gate{Listener: l, server: s}, "", "")
	if ctx.Err() != nil {
		return nil
	}
	server.Close()
	return err
}

// upgrade makes a request a session and serves it.
func (s *Server) upgrade(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	s.sessions.Add(1)
	defer s.sessions.Done()
	from := r.Context().Value(visitorKey{}).(*visitor)
	user := r.URL.Query().Get("user")
	if !slices.Contains(s.config.Users, user) {
		if s.config.Refused != nil {
			s.config.Refused("user")
		}
		http.Error(w, "transfer user is not accepted", http.StatusForbidden)
		return
	}
	if s.known.Load() >= int64(s.config.Limits.Sessions) {
		s.config.Logger.Warn("websocket session refused: too many sessions", "client", from.ip)
		http.Error(w, "too many sessions", http.StatusServiceUnavailable)
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
	if err != nil {
		s.config.Logger.Info("websocket handshake failed", "client", from.ip, "error", err)
		return
	}
	stream := NewStream(ws, from)
	defer stream.Close()
	if ws.Subprotocol() != Subprotocol {
		return
	}
	unhook := context.AfterFunc(ctx, func() {
		// Sessions say farewell first; what is left then is cut.
		time.AfterFunc(farewell, func() { from.Close() })
	})
	defer unhook()
	peer := transfer.Peer{Door: "wss", User: user, Addr: from.ip, LocalAddr: admission.IP(from.LocalAddr()),
		Authorized: from.known}
	// What goes wrong is told to the client, recorded and logged by whoever serves the session.
	_ = s.config.Transfers.Serve(ctx, stream, peer)
}
