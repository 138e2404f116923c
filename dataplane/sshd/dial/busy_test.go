package dial

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"faspex.io/operator/dataplane/reach"
	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer"
	"golang.org/x/crypto/ssh"
)

// A server that has no room says so, and the client knows it from one that hangs up.
func TestServerThatIsBusy(t *testing.T) {
	s, err := sshd.New(sshd.Config{HostKeys: []ssh.Signer{newSigner(t)}, Users: []string{"xfer"}, Logger: discard(),
		Transfers: greeting{make(chan transfer.Peer, 1)}, Limits: sshd.Limits{StrangersPerIP: 1}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(t.Context(), l)
	port := l.Addr().(*net.TCPAddr).Port
	idle, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	idle.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadFull(idle, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	for range 20 { // What is told must not be lost with the connection.
		_, err := Open(t.Context(), Options{Host: "127.0.0.1", Port: port, User: "xfer", Token: true})
		if !errors.Is(err, reach.ErrBusy) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestServerThatHangsUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	_, err = Open(t.Context(), Options{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "xfer", Token: true})
	if !errors.Is(err, reach.ErrHungUp) || errors.Is(err, reach.ErrBusy) {
		t.Errorf("got %v", err)
	}
}
