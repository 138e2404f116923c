// Package s3d runs an S3 server for tests, over TLS and in memory. It takes any credentials until a
// test makes it refuse them.
package s3d

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"faspex.io/operator/controllers/certificate"
)

// Server is one with a bucket.
type Server struct {
	// Endpoint is its URL, Bucket the bucket that is there.
	Endpoint, Bucket string
	// CA is PEM: what its certificate descends from.
	CA []byte

	backend *s3mem.Backend
	before  atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
}

// Start runs a server until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartAt(t, "127.0.0.1")
}

// StartAt runs a server until the test ends, on any port of an address of this machine that others reach.
func StartAt(t testing.TB, ip string) *Server {
	t.Helper()
	s := &Server{Bucket: bucket, backend: s3mem.New()}
	if err := s.backend.CreateBucket(s.Bucket); err != nil {
		t.Fatal(err)
	}
	s.serve(t, ip, gofakes3.New(s.backend).Server())
	return s
}

// bucket is the one that is there.
const bucket = "backups"

// serve has a handler be reached over TLS until the test ends.
func (s *Server) serve(t testing.TB, ip string, inner http.Handler) {
	t.Helper()
	data, err := certificate.New(time.Now(), certificate.Subject{CommonName: "s3", IPs: []net.IP{net.ParseIP(ip)}})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(data[certificate.CertKey], data[certificate.PrivateKeyKey])
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, TLS: &tls.Config{Certificates: []tls.Certificate{pair}},
		Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if before := s.before.Load(); before != nil && !(*before)(w, r) {
				return
			}
			inner.ServeHTTP(w, r)
		})}}
	server.StartTLS()
	t.Cleanup(server.Close)
	s.Endpoint, s.CA = server.URL, data[certificate.CAKey]
}

// Before has f see every request first; its false means that it has answered. Nil ends that.
func (s *Server) Before(f func(http.ResponseWriter, *http.Request) bool) {
	if f == nil {
		s.before.Store(nil)
		return
	}
	s.before.Store(&f)
}

// Refuse answers every request as a server does that does not know the credentials.
func Refuse(w http.ResponseWriter, _ *http.Request) bool {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	_, err := w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>InvalidAccessKeyId</Code>` +
		`<Message>The access key does not exist.</Message></Error>`))
	return err != nil // answered: false
}

// Put writes an object behind the back of whoever uses the bucket, with any name.
func (s *Server) Put(t testing.TB, key, content string) {
	t.Helper()
	written := map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
	if _, err := s.backend.PutObject(s.Bucket, key, written, strings.NewReader(content), int64(len(content)), nil); err != nil {
		t.Fatal(err)
	}
}

// Content is that of an object.
func (s *Server) Content(t testing.TB, key string) string {
	t.Helper()
	o, err := s.backend.GetObject(s.Bucket, key, nil)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	defer o.Contents.Close()
	text, err := io.ReadAll(o.Contents)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Objects are the names of all objects beneath a prefix.
func (s *Server) Objects(t testing.TB, prefix string) []string {
	t.Helper()
	list, err := s.backend.ListBucket(s.Bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range list.Contents {
		if strings.HasPrefix(o.Key, prefix) {
			names = append(names, o.Key)
		}
	}
	return names
}
