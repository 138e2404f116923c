package wss_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"faspex.io/operator/dataplane/wss"
	"faspex.io/operator/dataplane/wss/dial"
)

// dialFrom connects from an address of this machine.
func dialFrom(ip string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}).DialContext
}

// Strangers of one address hold no more than their share, whatever they do, and give way to
// others when all places are taken.
func TestServerHasRoomForOthersThanOneStranger(t *testing.T) {
	for name, attack := range map[string]func(*site, net.Conn) error{
		"only connects":   func(*site, net.Conn) error { return nil },
		"refused session": nil,
		"unfinished header": func(s *site, nc net.Conn) error {
			_, err := io.WriteString(s.tls(nc), "GET /transfer HTTP/1.1\r\nA: ")
			return err
		},
		"unfinished body": func(s *site, nc net.Conn) error {
			_, err := io.WriteString(s.tls(nc), "GET /transfer?user=xfer HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, listen(t), wss.Limits{Strangers: 6, StrangersPerIP: 6, Sessions: 2})
			for range 30 {
				if attack != nil {
					nc, err := net.Dial("tcp", s.Addr().String())
					if err != nil {
						t.Fatal(err)
					}
					defer nc.Close()
					_ = attack(s, nc) // The server hangs up on those who are too many.
					continue
				}
				held, err := dial.Open(t.Context(), s.options())
				if err != nil {
					continue
				}
				defer held.Close()
				_ = talk(held, "?")
			}
			for _, ip := range []string{"127.0.0.2", "127.0.1.1"} {
				o := s.options()
				o.Dial = dialFrom(ip)
				stream, err := dial.Open(t.Context(), o)
				if err != nil {
					t.Fatalf("a client at %s is kept out: %v", ip, err)
				}
				defer stream.Close()
				if err := talk(stream, "hello"); err != nil {
					t.Errorf("a client at %s: %v", ip, err)
				}
			}
		})
	}
}

// tls is the connection of a client that knows TLS.
func (s *site) tls(nc net.Conn) net.Conn {
	return tls.Client(nc, &tls.Config{RootCAs: s.roots, ServerName: "node.example.com", MinVersion: tls.VersionTLS13})
}

// A stranger is cut after a while, however busy it is.
func TestServerGivesStrangersUp(t *testing.T) {
	for name, say := range map[string]func(w io.Writer) error{
		"header by header": func(w io.Writer) error { _, err := io.WriteString(w, "A: b\r\n"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, listen(t), wss.Limits{Handshake: 300 * time.Millisecond})
			nc, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c := s.tls(nc)
			defer c.Close()
			if _, err := io.WriteString(c, "GET /transfer?user=xfer HTTP/1.1\r\n"); err != nil {
				t.Fatal(err)
			}
			for say(c) == nil { // The test hangs if the server does not hang up.
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	t.Run("answered again and again", func(t *testing.T) {
		s := serve(t, listen(t), wss.Limits{Handshake: 300 * time.Millisecond})
		stream, err := dial.Open(t.Context(), s.options())
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		for talk(stream, "?") == nil {
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// Authorized sessions are not counted against their address, which many may share.
func TestServerTakesAnyNumberOfAuthorizedClientsOfOneAddress(t *testing.T) {
	s := serve(t, listen(t), wss.Limits{Strangers: 3, StrangersPerIP: 2})
	for i := range 20 {
		stream, err := dial.Open(t.Context(), s.options())
		if err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
		defer stream.Close()
		if err := talk(stream, fmt.Sprint("hello ", i)); err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
	}
}
