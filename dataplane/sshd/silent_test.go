package sshd

import (
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net"
	"testing"
	"time"

	"faspex.io/operator/dataplane/sshd/wellknown"
	"golang.org/x/crypto/ssh"
)

// Everybody has the well-known key, so a channel that asks for nothing must not keep its connection.
func TestSilentChannelIsGivenUp(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	hostKey, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	server, err := New(Config{
		HostKeys: []ssh.Signer{hostKey}, Users: []string{"xfer"}, Logger: slog.New(slog.DiscardHandler),
		Limits: Limits{Idle: 50 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(t.Context(), listener)
	key, err := wellknown.Signer()
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", listener.Addr().String(), &ssh.ClientConfig{
		User: "xfer", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(hostKey.PublicKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, _, err := client.OpenChannel("session", nil); err != nil {
		t.Fatal(err)
	}
	client.Wait() // Returns when the server hangs up.
}
