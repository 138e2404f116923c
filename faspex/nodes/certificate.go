package nodes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"faspex.io/operator/faspex/store"
)

// Certificate is what a node shows of itself, and whether it is believed.
type Certificate struct {
	*x509.Certificate
	// Trusted says that a certificate of the node's public key, or a root of the system,
	// vouches for this one and its name.
	Trusted bool
}

// LookAt reads the certificate of a node, whoever vouches for it, so that a person can compare it. It sends nothing but
// the greeting of TLS: no user name and no password (TestCertificateIsReadWithoutThePassword).
func LookAt(ctx context.Context, n store.Node) (Certificate, error) {
	if !n.UseSSL {
		return Certificate{}, errors.New("look at certificate of node: it speaks no TLS")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(n.ConnectionTimeout)*time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{
		ServerName: n.Host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // Verified below: what is not trusted is to be shown.
	}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(n.Host, strconv.Itoa(n.APIPort)))
	if err != nil {
		return Certificate{}, fmt.Errorf("look at certificate of node: %w", err)
	}
	defer conn.Close()
	chain := conn.(*tls.Conn).ConnectionState().PeerCertificates
	if len(chain) == 0 {
		return Certificate{}, errors.New("look at certificate of node: it showed none")
	}
	options := x509.VerifyOptions{DNSName: n.Host, Intermediates: x509.NewCertPool()}
	if n.PublicKey != "" {
		options.Roots = x509.NewCertPool()
		options.Roots.AppendCertsFromPEM([]byte(n.PublicKey))
	}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err = chain[0].Verify(options)
	return Certificate{Certificate: chain[0], Trusted: err == nil}, nil
}
