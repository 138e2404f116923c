// Command node is a transfer node for measurements: the real SSH server, the real engine and real tokens over one
// folder, with everything that the product keeps in MariaDB kept in memory. It prints JSON lines: first how to reach
// it, then how each session went, and at SIGUSR1 what it holds. It is for namespaces that nothing else can reach, and
// for tests that kill it; it knows nothing of what is measured.
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/wss"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"
)

// contact is the first line: how a client reaches the node.
type contact struct {
	Port        int    `json:"port"`
	UDPPort     int    `json:"udpport"`
	Fingerprint string `json:"fingerprint"`
	Token       string `json:"token"`   // to send with
	Receive     string `json:"receive"` // to receive with
	WSSPort     int    `json:"wssport,omitempty"`
	Certificate string `json:"certificate,omitempty"` // to trust at that port
}

func main() {
	engine.SpareProcs()
	folder := flag.String("root", "", "folder to serve")
	address := flag.String("addr", "0.0.0.0:33001", "TCP and UDP address")
	host := flag.String("wss", "", "IP address that clients reach a WebSocket server by, on a free port; empty for none")
	level := slog.LevelWarn
	flag.TextVar(&level, "log", level, "least level of what is logged")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *folder, *address, *host, level); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, folder, address, host string, level slog.Level) error {
	root, err := storage.Open(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	data, err := udplink.Listen(address, udplink.Options{})
	if err != nil {
		return err
	}
	defer data.Close()
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	keys, err := token.NewKeyring(token.Keys{Active: "bench", ByID: map[string][]byte{"bench": secret}})
	if err != nil {
		return err
	}
	out := &lines{encoder: json.NewEncoder(os.Stdout)}
	transfers := &transfer.Server{
		Root: root, Authorizer: &token.Verifier{Keys: keys, AccessKeys: token.NoAccessKeys{}, Ledger: token.NoLedger{},
			Now: time.Now}, Recorder: &recorder{out: out},
		Links: &links{Endpoint: data, out: out}, UDPPort: int(data.Addr().Port()), Agent: "bench", Policy: "fair",
		Logger: log,
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return err
	}
	server, err := sshd.New(sshd.Config{HostKeys: []ssh.Signer{signer}, Users: []string{"xfer"}, Transfers: transfers,
		Logger: log})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	send, err := keys.Seal(grant(token.Send, token.Path{Destination: "/"}))
	if err != nil {
		return err
	}
	receive, err := keys.Seal(grant(token.Receive, token.Path{Source: "/"}))
	if err != nil {
		return err
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go tellState(ctx, asked, out)
	self := contact{Port: listener.Addr().(*net.TCPAddr).Port, UDPPort: int(data.Addr().Port()),
		Fingerprint: ssh.FingerprintSHA256(signer.PublicKey()),
		Token:       send, Receive: receive}
	group, ctx := errgroup.WithContext(ctx)
	if host != "" {
		var sockets *wss.Server
		if sockets, self.Certificate, err = webSockets(host, transfers, log); err != nil {
			return err
		}
		l, err := net.Listen("tcp", ":0")
		if err != nil {
			return err
		}
		self.WSSPort = l.Addr().(*net.TCPAddr).Port
		group.Go(func() error { return sockets.Serve(ctx, l) })
	}
	group.Go(func() error { return server.Serve(ctx, listener) })
	out.print(self)
	return group.Wait()
}

func grant(d token.Direction, p token.Path) token.Grant {
	return token.Grant{Direction: d, Root: "/", Paths: []token.Path{p}, TransferID: "bench",
		ExpiresAt: time.Now().Add(24 * time.Hour)}
}

// lines prints JSON lines for several goroutines.
type lines struct {
	mu      sync.Mutex
	encoder *json.Encoder
}

func (l *lines) print(v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.encoder.Encode(v); err != nil && !errors.Is(err, syscall.EPIPE) {
		fmt.Fprintln(os.Stderr, "node:", err)
	}
}
