package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/wss"
)

// webSockets makes the WebSocket server of a node that clients reach by the IP address host, and
// the certificate to trust, PEM.
func webSockets(host string, transfers *transfer.Server, log *slog.Logger) (*wss.Server, string, error) {
	ip := net.ParseIP(host)
	if ip == nil {
		return nil, "", fmt.Errorf("%q is no IP address", host)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{ip},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, "", err
	}
	server, err := wss.New(wss.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
			MinVersion: tls.VersionTLS13},
		Users: []string{"xfer"}, Transfers: transfers, Logger: log,
	})
	return server, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), err
}
