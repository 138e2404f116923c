package sshd

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"faspex.io/operator/dataplane/admission"
	"faspex.io/operator/dataplane/sshd/wellknown"
	"faspex.io/operator/dataplane/transfer"
	"golang.org/x/crypto/ssh"
)

// gatekeeper stands for transfers: it authorizes a session that begins with "t", and
// answers others like a refused Hello.
type gatekeeper struct{}

func (gatekeeper) Serve(_ context.Context, stream io.ReadWriteCloser, peer transfer.Peer) error {
	defer stream.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(stream, first); err != nil {
		return err
	}
	if string(first) != "t" {
		_, err := io.WriteString(stream, "refused")
		return err
	}
	peer.Authorized()
	if _, err := io.WriteString(stream, "welcome"); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, stream)
	return err
}

// loginFrom logs in without a key from an address of this machine.
func loginFrom(ip string, port int) (*ssh.Client, error) {
	return login(ip, port, &ssh.ClientConfig{User: "xfer", ClientVersion: TokenClientVersion})
}

func login(ip string, port int, c *ssh.ClientConfig) (*ssh.Client, error) {
	c.HostKeyCallback = ssh.InsecureIgnoreHostKey()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	nc, err := d.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	sc, channels, requests, err := ssh.NewClientConn(nc, "node", c)
	if err != nil {
		nc.Close()
		return nil, err
	}
	return ssh.NewClient(sc, channels, requests), nil
}

// begin opens a session that begins with a text, and returns the channel and the first bytes that are said on it.
func begin(c *ssh.Client, text string) (ssh.Channel, string, error) {
	channel, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		return nil, "", err
	}
	go ssh.DiscardRequests(requests)
	ok, err := channel.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{Subsystem}))
	if err != nil {
		return nil, "", err
	}
	if !ok {
		return nil, "", fmt.Errorf("the subsystem is refused")
	}
	if _, err := io.WriteString(channel, text); err != nil {
		return nil, "", err
	}
	answer := make([]byte, 7)
	_, err = io.ReadFull(channel, answer)
	return channel, string(answer), err
}

// An answer, such as a refusal, makes nobody known: only a session that is authorized does.
func TestServerKnowsWhomASessionWasAuthorizedTo(t *testing.T) {
	port, _ := serveTransfers(t, Limits{StrangersPerIP: 2}, gatekeeper{})
	var clients []*ssh.Client
	for range 2 {
		c, err := loginFrom("127.0.0.1", port)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		clients = append(clients, c)
	}
	if _, said, err := begin(clients[0], "x"); err != nil || said != "refused" {
		t.Fatalf("%q, %v", said, err)
	}
	if c, err := loginFrom("127.0.0.1", port); err == nil {
		c.Close()
		t.Error("a client whose session was refused is no stranger")
	}
	if _, said, err := begin(clients[1], "t"); err != nil || said != "welcome" {
		t.Fatalf("%q, %v", said, err)
	}
	c, err := loginFrom("127.0.0.1", port)
	if err != nil {
		t.Fatalf("a client whose session was authorized is a stranger: %v", err)
	}
	c.Close()
}

// Clients that are authorized are not counted against their address, which many may share, nor
// are those with keys of their own.
func TestServerTakesAnyNumberOfAuthorizedClientsOfOneAddress(t *testing.T) {
	port, keyFile := serveTransfers(t, Limits{Strangers: 3, StrangersPerIP: 2}, gatekeeper{})
	for i := range 20 {
		c, err := loginFrom("127.0.0.1", port)
		if err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
		defer c.Close()
		if _, said, err := begin(c, "t"); err != nil || said != "welcome" {
			t.Fatalf("client %d: %q, %v", i, said, err)
		}
	}
	pem, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		c, err := login("127.0.0.1", port, &ssh.ClientConfig{User: "xfer", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}})
		if err != nil {
			t.Fatalf("client %d with a key: %v", i, err)
		}
		defer c.Close()
	}
}

// wellKnownClient logs in with the key that everybody has.
func wellKnownClient(ip string, port int) (*ssh.Client, error) {
	key, err := wellknown.Signer()
	if err != nil {
		return nil, err
	}
	return login(ip, port, &ssh.ClientConfig{User: "xfer", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}})
}

// Strangers of one address hold no more than their share, whatever they do, and give way to
// others when all places are taken.
func TestServerHasRoomForOthersThanOneStranger(t *testing.T) {
	for name, attacker := range map[string]func(ip string, port int) (io.Closer, error){
		"keyless":        func(ip string, port int) (io.Closer, error) { return loginFrom(ip, port) },
		"well-known key": func(ip string, port int) (io.Closer, error) { return wellKnownClient(ip, port) },
		"only connects": func(ip string, port int) (io.Closer, error) {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
			return d.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			port, _ := serveTransfers(t, Limits{Strangers: 6, StrangersPerIP: 6, Connections: 2}, gatekeeper{})
			for range 30 {
				held, err := attacker("127.0.0.1", port)
				if err != nil {
					continue // The server hangs up on those who are too many.
				}
				defer held.Close()
				c, ok := held.(*ssh.Client)
				if !ok {
					continue
				}
				if _, said, err := begin(c, "x"); err == nil && said != "refused" {
					t.Fatalf("the server says %q", said)
				}
			}
			for _, ip := range []string{"127.0.0.2", "127.0.1.1"} {
				c, err := loginFrom(ip, port)
				if err != nil {
					t.Fatalf("a client at %s is kept out: %v", ip, err)
				}
				defer c.Close()
				if _, said, err := begin(c, "t"); err != nil || said != "welcome" {
					t.Errorf("a client at %s: %q, %v", ip, said, err)
				}
			}
		})
	}
}

// A stranger is cut after a while, whatever it does to be no idle connection.
func TestServerGivesStrangersUp(t *testing.T) {
	for name, busy := range map[string]func(*ssh.Client) error{
		"silent":                   func(c *ssh.Client) error { return c.Wait() },
		"channels without request": func(c *ssh.Client) error { _, _, err := c.OpenChannel("session", nil); return err },
		"refused sessions":         func(c *ssh.Client) error { _, _, err := begin(c, "x"); return err },
		"channels of other types":  func(c *ssh.Client) error { _, _, err := c.OpenChannel("direct-tcpip", nil); return err },
		"global requests": func(c *ssh.Client) error {
			_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			port, _ := serveTransfers(t, Limits{Idle: 200 * time.Millisecond}, gatekeeper{})
			c, err := loginFrom("127.0.0.1", port)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ended := make(chan struct{})
			go func() { defer close(ended); _ = c.Wait() }()
			go func() {
				for {
					_ = busy(c)
					select {
					case <-ended:
						return
					default:
					}
				}
			}()
			<-ended // The test hangs if the server does not hang up.
		})
	}
}

// A session that runs keeps its connection, however long it takes, and later sessions of the
// same connection have their time.
func TestServerKeepsConnectionsOfAuthorizedSessions(t *testing.T) {
	port, _ := serveTransfers(t, Limits{Idle: 300 * time.Millisecond}, gatekeeper{})
	c, err := loginFrom("127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	channel, said, err := begin(c, "t")
	if err != nil || said != "welcome" {
		t.Fatalf("%q, %v", said, err)
	}
	time.Sleep(900 * time.Millisecond)
	if _, err := channel.Write([]byte("x")); err != nil {
		t.Errorf("a session that was authorized is not kept: %v", err)
	}
	channel.Close()
	if _, said, err := begin(c, "t"); err != nil || said != "welcome" {
		t.Errorf("the next session: %q, %v", said, err)
	}
}

// Channels are bounded, those at a time and those that come to nothing.
func TestServerBoundsTheChannelsOfAStranger(t *testing.T) {
	port, _ := serveTransfers(t, Limits{Sessions: 3}, gatekeeper{})
	c, err := loginFrom("127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	opened := 0
	for range 50 {
		if _, _, err := begin(c, "x"); err == nil {
			opened++
		}
	}
	if opened > 4 {
		t.Errorf("%d sessions are refused on one connection and the next one is served, want 3 or 4", opened)
	}
	c, err = loginFrom("127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 20 {
		channel, _, err := begin(c, "t")
		if err != nil {
			t.Fatalf("a client that is authorized each time: %v", err)
		}
		channel.Close()
		_ = waitClosed(channel)
	}
}

func waitClosed(c ssh.Channel) error {
	_, err := io.Copy(io.Discard, c)
	return err
}

// What a stranger sends is not buffered without end by SSH.
func TestServerBoundsWhatItReadsOfAStranger(t *testing.T) {
	port, _ := serveTransfers(t, Limits{}, silentTransfers{})
	c, err := loginFrom("127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	channel, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	if _, err := channel.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{Subsystem})); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, admission.MostRead)
	_, _ = rand.Read(b)
	go func() { _, _ = channel.Write(b) }()
	_ = c.Wait() // Returns when the server hangs up.
}

// silentTransfers wait for what is authorized nowhere.
type silentTransfers struct{}

func (silentTransfers) Serve(ctx context.Context, stream io.ReadWriteCloser, _ transfer.Peer) error {
	defer stream.Close()
	<-ctx.Done()
	return nil
}
