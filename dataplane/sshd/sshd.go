// Package sshd is the SSH server of a transfer node: the door to the control channel, and to nothing else.
//
// It offers one subsystem, "faspex-transfer". There is no shell, no command, no terminal, no forwarding of ports,
// agents or X11, no SFTP and no environment. Users prove themselves by public key or password, or come without either
// to present a token. The package knows nothing of tokens, files and transfers: it hands each channel to its Transfers,
// who decide.
package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"faspex.io/operator/dataplane/admission"
	"faspex.io/operator/dataplane/transfer"
	"golang.org/x/crypto/ssh"
)

// Subsystem is the name of the SSH subsystem that speaks the control channel of docs/protocol.md.
const Subsystem = "faspex-transfer"

// By these version lines a client and a server know that the other takes the short way in: the server opens the
// channel, of the type OfferedChannel, as soon as the client has logged in. Asking for one would cost a round trip, and
// asking for the subsystem another.
const (
	ServerVersion = "SSH-2.0-faspex_hsts"
	ClientVersion = "SSH-2.0-faspex_ascp"
	// TokenClientVersion is said by a client that has a token and no key: it may log in by the method "none".
	TokenClientVersion = ClientVersion + " token"

	OfferedChannel = "faspex-transfer@faspex.io"
)

// errTooManyFiles passes: descriptors come back when sessions end.
var errTooManyFiles = syscall.EMFILE

// Transfers serves the control channel of one session. *transfer.Server is one.
type Transfers interface {
	Serve(ctx context.Context, stream io.ReadWriteCloser, peer transfer.Peer) error
}

// Limits bound what strangers can make the server do. Zero values are replaced by the defaults.
type Limits struct {
	// Handshake is how long a client may take to authenticate. Default 20 s.
	Handshake time.Duration
	// Idle is how long a connection may stay, after its log-in and after each session that was authorized, until the next
	// one is. Channels that ask for nothing and sessions that are refused do not prolong it. Default 30 s.
	Idle time.Duration
	// AuthTries is how many keys a client may try. Default 6.
	AuthTries int
	// Connections is how many connections there may be beside those of strangers. Default 1000.
	Connections int
	// Strangers and StrangersPerIP are how many connections there may be of strangers: clients that have neither logged in
	// with a key of their own nor had a session authorized. They are in all and from one address. Defaults 200 and 20.
	Strangers, StrangersPerIP int
	// Sessions is how many sessions one connection may run at a time, and how many channels it may open until the
	// next one is authorized. Default 8.
	Sessions int
}

func (l Limits) orDefault() Limits {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&l.Handshake, 20 * time.Second}, {&l.Idle, 30 * time.Second}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *int
		value int
	}{
		{&l.AuthTries, 6}, {&l.Connections, 1000}, {&l.Strangers, 200}, {&l.StrangersPerIP, 20}, {&l.Sessions, 8},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return l
}

// Config is what a Server needs.
type Config struct {
	// HostKeys identify the server, at least one. LoadHostKeys reads them.
	HostKeys []ssh.Signer
	// Users are the transfer users.
	Users []string
	// AuthorizedKeys returns the keys of a user beside the well-known ones; nil stands for none. It is asked at each
	// attempt, so that keys can change while the server runs.
	AuthorizedKeys func(user string) ([]ssh.PublicKey, error)
	// TokenKey, if not nil, says whether a token that is good now was made for a key of a user. Who logs in with one is no
	// better known than with a well-known key: the token decides.
	TokenKey func(user string, key ssh.PublicKey) (bool, error)
	// Password, if not nil, decides on the password of a user, and counts the try. What it is sorry for is shown to the
	// client.
	Password  func(user, address, password string) (right bool, sorry string)
	Transfers Transfers
	Limits    Limits
	Logger    *slog.Logger
}

// Server accepts SSH connections.
type Server struct {
	config    Config
	ssh       *ssh.ServerConfig
	strangers *admission.Strangers
	sessions  sync.WaitGroup
	leaving   chan struct{} // holds one for each client that is being turned away

	mu    sync.Mutex
	conns map[net.Conn]struct{} // of those who are no strangers
}

// New makes a server.
func New(c Config) (*Server, error) {
	if len(c.HostKeys) == 0 {
		return nil, errors.New("ssh server: no host key")
	}
	if len(c.Users) == 0 {
		return nil, errors.New("ssh server: no transfer user")
	}
	c.Limits = c.Limits.orDefault()
	s := &Server{config: c, strangers: admission.NewStrangers(c.Limits.Strangers, c.Limits.StrangersPerIP),
		conns:   map[net.Conn]struct{}{},
		leaving: make(chan struct{}, mostTurnedAway)}
	s.ssh = &ssh.ServerConfig{
		MaxAuthTries:         c.Limits.AuthTries,
		NoClientAuth:         true,
		NoClientAuthCallback: s.keyless,
		PublicKeyCallback:    s.authenticate,
		ServerVersion:        ServerVersion,
	}
	if c.Password != nil {
		s.ssh.PasswordCallback = s.password
	}
	for _, k := range c.HostKeys {
		s.ssh.AddHostKey(k)
	}
	return s, nil
}

// Serve accepts connections from l until ctx ends, then closes l and returns nil when all sessions have ended. Sessions
// see ctx end too: what they were doing can be resumed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer s.sessions.Wait()
	for {
		nc, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() || errors.Is(err, errTooManyFiles) {
				s.config.Logger.Error("accept an ssh connection", "error", err)
				select {
				case <-ctx.Done():
				case <-time.After(100 * time.Millisecond):
				}
				continue
			}
			return fmt.Errorf("accept ssh connections: %w", err)
		}
		ip := admission.IP(nc.RemoteAddr())
		stranger := s.strangers.Admit(ip, func() { nc.Close() })
		if stranger == nil {
			s.config.Logger.Warn("ssh connection refused: too many of unknown clients", "client", ip)
			s.turnAway(nc)
			continue
		}
		s.sessions.Go(func() { s.connection(ctx, admission.NewConn(nc), ip, stranger) })
	}
}

// connection runs one TCP connection to its end.
func (s *Server) connection(ctx context.Context, nc *admission.Conn, ip string, stranger *admission.Stranger) {
	defer stranger.Leave()
	defer nc.Close()
	unhook := context.AfterFunc(ctx, func() {
		// Sessions say farewell first; what is left then is cut.
		time.AfterFunc(10*time.Second, func() { nc.Close() })
	})
	defer unhook()
	nc.SetDeadline(time.Now().Add(s.config.Limits.Handshake))
	sc, channels, requests, err := ssh.NewServerConn(nc, s.ssh)
	if err != nil {
		s.config.Logger.Info("ssh authentication failed", "client", ip, "error", err)
		return
	}
	nc.SetDeadline(time.Time{})
	if s.full() {
		s.config.Logger.Warn("ssh connection refused: too many connections", "client", ip)
		sc.Close()
		return
	}
	known := sync.OnceFunc(func() {
		s.enter(nc)
		nc.Trust()
		stranger.Leave()
	})
	defer s.exit(nc)
	go ssh.DiscardRequests(requests) // Refuses port forwarding.
	proved := sc.Permissions.Extensions[keyOrigin] == keyOfUser
	if proved {
		known()
	}
	peer := transfer.Peer{Door: "ssh", User: sc.User(), Addr: ip, LocalAddr: admission.IP(nc.LocalAddr()),
		LoginKey: sc.Permissions.Extensions[keyFingerprint], Proved: proved}
	s.serveChannels(ctx, sc, channels, visitor{peer, known})
}

// full says that there is no room for one more client. Strangers do not count: they have places of their own.
func (s *Server) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns) >= s.config.Limits.Connections
}

func (s *Server) enter(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[nc] = struct{}{}
}

func (s *Server) exit(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, nc)
}
