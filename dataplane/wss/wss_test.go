package wss_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/wss"
	"faspex.io/operator/dataplane/wss/dial"
	"faspex.io/operator/test/distant"
)

// echo stands for transfers: it sends back what it reads. What does not begin with "?" authorizes the session.
type echo struct{ peers chan transfer.Peer }

func (e echo) Serve(ctx context.Context, stream io.ReadWriteCloser, peer transfer.Peer) error {
	defer stream.Close()
	select {
	case e.peers <- peer:
	default:
	}
	unhook := context.AfterFunc(ctx, func() { stream.Close() })
	defer unhook()
	first := make([]byte, 1)
	if _, err := io.ReadFull(stream, first); err != nil {
		return err
	}
	if string(first) != "?" {
		peer.Authorized()
	}
	if _, err := stream.Write(first); err != nil {
		return err
	}
	_, err := io.Copy(stream, stream)
	return err
}

// site is a server and its certificate.
type site struct {
	net.Listener
	roots *x509.CertPool
	peers chan transfer.Peer
	// stop ends the server and returns when it has ended.
	stop func()
}

// serve runs a server for the name node.example.com and the address 127.0.0.1 until the test ends.
func serve(t *testing.T, l net.Listener, limits wss.Limits) *site {
	t.Helper()
	certificate := newCertificate(t)
	s := &site{Listener: l, roots: x509.NewCertPool(), peers: make(chan transfer.Peer, 1)}
	s.roots.AddCert(certificate.Leaf)
	server, err := wss.New(wss.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, Users: []string{"xfer"},
		Transfers: echo{s.peers}, Limits: limits, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"node.example.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *site) port() int { return s.Addr().(*net.TCPAddr).Port }

func (s *site) options() dial.Options {
	return dial.Options{Host: "127.0.0.1", Port: s.port(), User: "xfer", Roots: s.roots}
}

// talk sends a text over a stream and expects it back.
func talk(stream io.ReadWriter, text string) error {
	if _, err := io.WriteString(stream, text); err != nil {
		return err
	}
	b := make([]byte, len(text))
	if _, err := io.ReadFull(stream, b); err != nil {
		return err
	}
	if string(b) != text {
		return errors.New("another text comes back")
	}
	return nil
}

// Round trips from the start of the connection to the answer to the first message.
func TestRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const roundTrip = time.Second
		network := distant.New(roundTrip)
		t.Cleanup(network.Wait)
		s := serve(t, network, wss.Limits{})
		began := time.Now()
		stream, err := dial.Open(t.Context(), dial.Options{Host: "node.example.com", Port: 9093, User: "xfer", Roots: s.roots,
			Dial: network.Dial})
		if err != nil {
			t.Fatal(err)
		}
		if err := talk(stream, "hello"); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 4*roundTrip {
			t.Errorf("%v for round trips of %v, want 4", took, roundTrip)
		}
		if peer := <-s.peers; peer.User != "xfer" || peer.Addr != "192.0.2.1" || peer.LocalAddr != "192.0.2.2" ||
			peer.Proved {
			t.Errorf("peer %+v", peer)
		}
		stream.Close()
	})
}

func TestStreamCarriesBytes(t *testing.T) {
	s := serve(t, listen(t), wss.Limits{})
	stream, err := dial.Open(t.Context(), s.options())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	sent := make([]byte, 3<<20)
	_, _ = rand.Read(sent)
	sent[0] = 0 // It authorizes the session.
	failed := make(chan error, 1)
	go func() { _, err := stream.Write(sent); failed <- err }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(stream, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("what comes back differs (%v)", err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	s := serve(t, listen(t), wss.Limits{})
	closed := listen(t)
	closed.Close()
	silent := listen(t)
	defer silent.Close()
	web := &http.Server{Handler: http.NotFoundHandler(),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{newCertificate(t)}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: time.Minute}
	other := listen(t)
	go web.ServeTLS(other, "", "")
	defer web.Close()
	otherRoots := x509.NewCertPool()
	leaf, _ := x509.ParseCertificate(web.TLSConfig.Certificates[0].Certificate[0])
	otherRoots.AddCert(leaf)
	plain := listen(t)
	go http.Serve(plain, http.NotFoundHandler())
	defer plain.Close()
	for name, c := range map[string]struct {
		change func(*dial.Options)
		code   fail.Code
		says   string
	}{
		"another user": {func(o *dial.Options) { o.User = "root" }, fail.Authentication, `does not accept user "root"`},
		"unknown authority": {func(o *dial.Options) { o.Roots = nil }, fail.Insecure,
			"is not trusted: x509: certificate signed by unknown authority"},
		"another name": {func(o *dial.Options) { o.Host = "localhost" }, fail.Insecure,
			"is not trusted: x509: certificate is valid for node.example.com, not localhost"},
		"nobody listens": {func(o *dial.Options) { o.Port = closed.Addr().(*net.TCPAddr).Port }, fail.Control,
			"connection refused"},
		"some web server": {func(o *dial.Options) { o.Port, o.Roots = other.Addr().(*net.TCPAddr).Port, otherRoots },
			fail.Control, "no transfer node of this kind"},
		"plain web server": {func(o *dial.Options) { o.Port = plain.Addr().(*net.TCPAddr).Port }, fail.Control,
			"does not speak TLS"},
		"one that says nothing": {func(o *dial.Options) {
			o.Port, o.Timeout = silent.Addr().(*net.TCPAddr).Port, 500*time.Millisecond
		}, fail.ControlTimeout, "timed out"},
	} {
		t.Run(name, func(t *testing.T) {
			o := s.options()
			c.change(&o)
			_, err := dial.Open(t.Context(), o)
			var e *fail.Error
			if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Text, c.says) {
				t.Errorf("error %v, want code %d and %q", err, c.code, c.says)
			}
		})
	}
}

// A client of whom nothing is authorized is cut after a while, answered or not, and there is room for few of them.
func TestStrangersAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := distant.New(10 * time.Millisecond)
		t.Cleanup(network.Wait)
		s := serve(t, network, wss.Limits{StrangersPerIP: 2, Handshake: 5 * time.Second, Sessions: 3})
		o := dial.Options{Host: "node.example.com", Port: 9093, User: "xfer", Roots: s.roots, Dial: network.Dial,
			Timeout: time.Second}
		silent := func() net.Conn {
			c, err := network.Dial(t.Context(), "tcp", "")
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		one, other := silent(), silent()
		defer one.Close()
		time.Sleep(time.Second)
		if _, err := dial.Open(t.Context(), o); err == nil {
			t.Error("a third stranger is let in")
		}
		other.Close()
		time.Sleep(time.Second)
		known, err := dial.Open(t.Context(), o)
		if err != nil {
			t.Fatalf("room is not given back: %v", err)
		}
		defer known.Close()
		if _, err := dial.Open(t.Context(), o); err == nil {
			t.Error("a session that was not authorized is no stranger")
		}
		if err := talk(known, "hello"); err != nil {
			t.Fatal(err)
		}
		quiet, err := dial.Open(t.Context(), o)
		if err != nil {
			t.Fatalf("a session that was authorized is a stranger: %v", err)
		}
		defer quiet.Close()
		if err := talk(quiet, "?refused"); err != nil {
			t.Fatal(err)
		}
		if _, err := dial.Open(t.Context(), o); err == nil {
			t.Error("a session that was answered and not authorized is no stranger")
		}
		time.Sleep(10 * time.Second)
		for name, c := range map[string]net.Conn{"connection": one, "session": quiet} {
			c.SetDeadline(time.Now().Add(time.Minute))
			if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) ||
				errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a silent %s is kept", name)
			}
		}
		if err := talk(known, "still here"); err != nil {
			t.Errorf("a session that was authorized is not kept: %v", err)
		}
	})
}

func TestSessionsAreLimited(t *testing.T) {
	s := serve(t, listen(t), wss.Limits{Sessions: 1})
	stream, err := dial.Open(t.Context(), s.options())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if err := talk(stream, "hello"); err != nil {
		t.Fatal(err)
	}
	var e *fail.Error
	if _, err := dial.Open(t.Context(), s.options()); !errors.As(err, &e) ||
		!strings.Contains(e.Text, "too many sessions") {
		t.Errorf("a second session: %v", err)
	}
}

// Requests that are not for a session get the answers of a web server.
func TestOtherRequests(t *testing.T) {
	s := serve(t, listen(t), wss.Limits{})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots,
		MinVersion: tls.VersionTLS13}}}
	for path, want := range map[string]int{
		"/": http.StatusNotFound, wss.Path: http.StatusForbidden, wss.Path + "?user=xfer": http.StatusUpgradeRequired,
	} {
		response, err := client.Get("https://" + s.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want || response.ProtoMajor != 1 {
			t.Errorf("%s: %s %s, want %d", path, response.Proto, response.Status, want)
		}
	}
}

func TestEndOfTheServerEndsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := distant.New(10 * time.Millisecond)
		t.Cleanup(network.Wait)
		s := serve(t, network, wss.Limits{})
		stream, err := dial.Open(t.Context(), dial.Options{Host: "node.example.com", Port: 9093, User: "xfer", Roots: s.roots,
			Dial: network.Dial})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { defer close(ended); s.stop() }()
		if _, err := stream.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the session ends with %v", err)
		}
		stream.Close()
		<-ended
	})
}
