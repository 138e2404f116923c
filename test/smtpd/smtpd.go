// Package smtpd runs a mail server in a test's own process, and keeps what it gets. Like mail stores do, it keeps one mail
// of each Message-ID.
package smtpd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"faspex.io/operator/internal/mailbox"
)

// User and Password open the server when it asks for them.
const (
	User     = "faspex"
	Password = "mail-Pass-1"
)

// Server is a mail server on this machine.
type Server struct {
	Host string
	Port int
	// Roots vouch for the server.
	Roots *x509.CertPool

	mu    sync.Mutex
	mails map[string]Mail // by Message-ID
	order []string
	// answer refuses mails; nil takes them.
	answer error
	// after is called when a mail was taken and before the server says so.
	after func()
	login bool
	taken int
}

// Mail is one that was taken.
type Mail struct {
	// From and To are what the server was told, Sender is the mail's own From.
	From, To, Sender, Subject, Text, HTML string
	TLS                                   bool
}

// Options of a server.
type Options struct {
	// TLS offers STARTTLS.
	TLS bool
	// Login demands User and Password.
	Login bool
}

// Start starts a server that ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{Host: "localhost", mails: map[string]Mail{}, login: o.Login}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Port = listener.Addr().(*net.TCPAddr).Port
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, encrypted := c.TLSConnectionState()
		return &session{server: s, known: !o.Login, tls: encrypted}, nil
	}))
	server.Domain, server.AllowInsecureAuth = "localhost", !o.TLS
	server.ErrorLog = silent{}
	if o.TLS {
		server.TLSConfig, s.Roots = certificate(t)
	}
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return s
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// Mails are those that were taken, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Mail, len(s.order))
	for i, id := range s.order {
		out[i] = s.mails[id]
	}
	return out
}

// Taken is how often a mail was taken, doubles among them.
func (s *Server) Taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

// Refuse has mails refused with a code; 0 takes them again.
func (s *Server) Refuse(code int, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = nil
	if code != 0 {
		s.answer = &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: message}
	}
}

// After has f called when a mail was taken and before the sender is told.
func (s *Server) After(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = f
}

type session struct {
	server     *Server
	known, tls bool
	from, to   string
}

// AuthMechanisms are the ways to log in.
func (s *session) AuthMechanisms() []string {
	if !s.server.login {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth logs in.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}
	if mechanism == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the server's side of LOGIN, which the library leaves out.
type loginServer struct {
	user  *string
	check func(user, password string) error
}

// Next asks for the name, then for the password.
func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		name := string(response)
		l.user = &name
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, string(response))
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := mailbox.Read(s.from, s.to, r)
	if err != nil {
		return err
	}
	return s.server.take(m.ID, Mail{From: m.From, To: m.To, Sender: m.Sender, Subject: m.Subject, Text: m.Text, HTML: m.HTML, TLS: s.tls})
}

func (s *Server) take(id string, m Mail) error {
	s.mu.Lock()
	if s.answer != nil {
		defer s.mu.Unlock()
		return s.answer
	}
	if _, known := s.mails[id]; !known {
		s.order = append(s.order, id)
	}
	s.mails[id] = m
	s.taken++
	after := s.after
	s.mu.Unlock()
	if after != nil {
		after()
	}
	return nil
}

// certificate makes one for localhost that vouches for itself.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		MinVersion: tls.VersionTLS12}, roots
}
