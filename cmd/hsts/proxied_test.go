package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	proxyproto "github.com/pires/go-proxyproto"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// header is what a balancer says of a client, in a version of the PROXY protocol.
func header(t *testing.T, version byte, of string) []byte {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(version, &net.TCPAddr{IP: net.ParseIP(of), Port: 4711},
		&net.TCPAddr{IP: net.ParseIP(of), Port: 33001})
	text, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// dialFrom connects from an address of this machine.
func dialFrom(ctx context.Context, from, to string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	return d.DialContext(ctx, "tcp", to)
}

// balancer forwards connections from an address of its own, with a header before each.
func balancer(t *testing.T, from string, said []byte, to int) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				out, err := dialFrom(context.Background(), from, net.JoinHostPort("127.0.0.1", strconv.Itoa(to)))
				if err != nil {
					return
				}
				defer out.Close()
				if _, err := out.Write(said); err != nil {
					return
				}
				go func() { _, _ = io.Copy(out, in); _ = out.(*net.TCPConn).CloseWrite() }()
				_, _ = io.Copy(in, out)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// node-29: behind a balancer that is trusted, log, bans and the record of a transfer have the client's address at each
// door; a header from elsewhere ends the connection.
func TestPROXYProtocol(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	n := newNode(t, "n1", db)
	n.cfg.Ports.WSS = freePort(t)
	n.cfg.TrustedProxies = []string{"127.0.0.2", "127.0.0.16/28"}
	n.cfg.Logins.AddressFailures = 3
	n.start(t)

	local := filepath.Join(t.TempDir(), "f.txt")
	write(t, local, "content")
	trust := filepath.Join(t.TempDir(), "ca.pem")
	write(t, trust, string(n.ca))
	c := n.client(t, "node", nodePassword) // straight, from an address that nobody speaks for
	for i, of := range []string{"203.0.113.7", "2001:db8::7"} {
		version := byte(i + 1)
		for door, at := range map[string]int{"ssh": n.cfg.Ports.SSH, "wss": n.cfg.Ports.WSS} {
			spec, err := c.UploadSetup(t.Context(), client.TransferRequest{DestinationRoot: "/default/in"})
			if err != nil {
				t.Fatal(err)
			}
			spec.Paths = []transferspec.Path{{Source: local, Destination: door + strconv.Itoa(i)}}
			spec.WSSEnabled = door == "wss"
			spec.SSHPort = balancer(t, "127.0.0.2", header(t, version, of), at)
			spec.WSSPort = spec.SSHPort
			cmd := command(t, spec)
			cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+trust)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("v%d at %s: %v %s", version, door, err, out)
				continue
			}
			awaitStatus(t, c, idOf(t, spec), client.StatusCompleted)
			done, err := c.Transfer(t.Context(), idOf(t, spec))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range done.Sessions {
				if s.ClientIPAddress != of {
					t.Errorf("v%d at %s: client_ip_address is %s, want %s", version, door, s.ClientIPAddress, of)
				}
			}
			if len(done.Sessions) == 0 {
				t.Errorf("v%d at %s: no session", version, door)
			}
		}
		if want := fmt.Sprintf(`"client":%q`, of); !strings.Contains(n.log.String(), want) {
			t.Errorf("the log has no %s", want)
		}
	}

	// The client behind the balancer is banned, others behind it are not.
	login := func(of, password string) int {
		t.Helper()
		p := balancer(t, "127.0.0.17", header(t, 1, of), n.cfg.Ports.NodeAPI)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://127.0.0.1:"+strconv.Itoa(p)+"/info",
			http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("nobody"+password, password)
		if password == nodePassword {
			req.SetBasicAuth("node", password)
		}
		res, err := n.http(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for i := range 3 {
		if code := login("198.51.100.9", fmt.Sprint("wrong", i)); code != http.StatusUnauthorized {
			t.Errorf("try %d: %d", i, code)
		}
	}
	if code := login("198.51.100.9", nodePassword); code != http.StatusTooManyRequests {
		t.Errorf("the banned client: %d", code)
	}
	if code := login("198.51.100.10", nodePassword); code != http.StatusOK {
		t.Errorf("another client of the balancer: %d", code)
	}
	eventually(t, "the ban", func() (any, bool) {
		out, err := hsts(t, db, "", "bans", "list")
		return out, err == nil && strings.Contains(out, "198.51.100.9") && !strings.Contains(out, "127.0.0.17")
	})

	// Nobody else is believed: neither an address that is not trusted, nor in pieces.
	for door, at := range map[string]int{"ssh": n.cfg.Ports.SSH, "wss": n.cfg.Ports.WSS, "api": n.cfg.Ports.NodeAPI} {
		for _, version := range []byte{1, 2} {
			n.refusesHeader(t, fmt.Sprintf("%s v%d", door, version), at, header(t, version, "203.0.113.9"))
		}
	}
	if strings.Contains(n.log.String(), "203.0.113.9") {
		t.Error("the log has the address that nobody trusted said")
	}
}

// refusesHeader sends a header in two pieces from an address that is not trusted, and then what the door expects.
func (n *testNode) refusesHeader(t *testing.T, what string, at int, said []byte) {
	t.Helper()
	c, err := dialFrom(t.Context(), "127.0.0.3", net.JoinHostPort("127.0.0.1", strconv.Itoa(at)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second)) // shorter than any patience of the node
	for _, piece := range [][]byte{said[:3], said[3:]} {
		if _, err := c.Write(piece); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if at == n.cfg.Ports.SSH {
		_, _ = io.WriteString(c, "SSH-2.0-test\r\n")
		answer, err := io.ReadAll(c)
		if ne, ok := err.(net.Error); ok && ne.Timeout() || bytes.Count(answer, []byte("\n")) > 1 {
			t.Errorf("%s: the server goes on after %q, %v", what, answer, err)
		}
		return
	}
	secure := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	err = secure.HandshakeContext(t.Context())
	if ne, ok := err.(net.Error); err == nil || ok && ne.Timeout() {
		t.Errorf("%s: the handshake ends with %v", what, err)
	}
}
