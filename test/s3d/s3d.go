// Package s3d runs an S3 server for tests, over TLS on a loopback port and in memory. It takes any credentials until a
// test makes it refuse them.
package s3d

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
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
	s := &Server{Bucket: "backups", backend: s3mem.New()}
	if err := s.backend.CreateBucket(s.Bucket); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(s.backend).Server()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before := s.before.Load(); before != nil && !(*before)(w, r) {
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.Endpoint = server.URL
	s.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return s
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
