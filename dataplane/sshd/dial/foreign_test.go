package dial

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer/fail"
	"golang.org/x/crypto/ssh"
)

// foreign serves one connection as a server does that opens no channel by itself. It has the subsystem or has it not, and echoes.
func foreign(t *testing.T, host ssh.Signer, l net.Listener, hasSubsystem bool) {
	nc, err := l.Accept()
	if err != nil {
		t.Error(err)
		return
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(host)
	conn, channels, requests, err := ssh.NewServerConn(nc, config)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				r.Reply(hasSubsystem && strings.HasSuffix(string(r.Payload), sshd.Subsystem), nil)
			}
		}()
		_, _ = io.Copy(channel, channel)
	}
}

func TestForeignServers(t *testing.T) {
	host := newSigner(t)
	open := func(t *testing.T, hasSubsystem bool) (*Channel, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		ended := make(chan struct{})
		go func() { defer close(ended); foreign(t, host, l, hasSubsystem) }()
		t.Cleanup(func() { <-ended })
		channel, err := Open(context.Background(), Options{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "xfer", Token: true})
		if err == nil {
			t.Cleanup(func() { channel.Close() })
		}
		return channel, err
	}
	t.Run("with the subsystem", func(t *testing.T) {
		channel, err := open(t, true)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4)
		if _, err := io.WriteString(channel, "ping"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(channel, b); err != nil || string(b) != "ping" {
			t.Errorf("got %q, %v", b, err)
		}
	})
	t.Run("without", func(t *testing.T) {
		_, err := open(t, false)
		var e *fail.Error
		if !errors.As(err, &e) || e.Code != fail.Control || !strings.Contains(e.Text, "no transfer node of this kind") {
			t.Errorf("error %v", err)
		}
	})
}
