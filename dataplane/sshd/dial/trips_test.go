package dial

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/test/distant"
	"golang.org/x/crypto/ssh"
)

// greeting answers the first bytes of a session, as a Welcome answers a Hello.
type greeting struct{ peers chan transfer.Peer }

func (g greeting) Serve(_ context.Context, stream io.ReadWriteCloser, peer transfer.Peer) error {
	defer stream.Close()
	g.peers <- peer
	b := make([]byte, 5)
	if _, err := io.ReadFull(stream, b); err != nil {
		return err
	}
	_, err := stream.Write(b)
	return err
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Round trips from the start of the connection to the answer to the first message.
func TestRoundTrips(t *testing.T) {
	own, host := newSigner(t), newSigner(t)
	for name, c := range map[string]struct {
		options Options
		trips   int
		proved  bool
	}{
		"token":              {Options{Token: true}, 6, false},
		"own key":            {Options{Signers: []ssh.Signer{own}}, 8, true},
		"own key and token":  {Options{Signers: []ssh.Signer{own}, Token: true}, 8, true},
		"token and password": {Options{Token: true, Password: "not asked for"}, 6, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const roundTrip = time.Second
				peers := make(chan transfer.Peer, 1)
				network := distant.New(roundTrip)
				server, err := sshd.New(sshd.Config{
					HostKeys: []ssh.Signer{host}, Users: []string{"xfer"}, Transfers: greeting{peers},
					AuthorizedKeys: func(string) ([]ssh.PublicKey, error) { return []ssh.PublicKey{own.PublicKey()}, nil },
					Logger:         discard(),
				})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- server.Serve(ctx, network) }()
				began := time.Now()
				c.options.User, c.options.Host, c.options.Port, c.options.Dial = "xfer", "node.example.com", 33001, network.Dial
				channel, err := Open(ctx, c.options)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(channel, "hello"); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(channel, make([]byte, 5)); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != time.Duration(c.trips)*roundTrip {
					t.Errorf("%v for round trips of %v, want %d", took, roundTrip, c.trips)
				}
				if peer := <-peers; peer.Proved != c.proved || peer.User != "xfer" {
					t.Errorf("peer %+v", peer)
				}
				channel.Close()
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				network.Wait()
			})
		})
	}
}
