package nodes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"syscall"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
)

// Failure is why a node could not be reached: one of few texts, so that an answer tells nothing of what else is in the
// network, and nothing that the other side wrote.
type Failure string

// The failures.
const (
	NotResolved  Failure = "The name of the node cannot be resolved."
	Refused      Failure = "The node refused the connection."
	Unreachable  Failure = "The node cannot be reached."
	TimedOut     Failure = "The node did not answer in time."
	NotTrusted   Failure = "The certificate of the node is not trusted."
	NoTLS        Failure = "The node and Faspex did not agree on TLS."
	Unauthorized Failure = "The node refused the user name or the password."
	NotANode     Failure = "What answers there is not a node."
)

// FailureOf puts an error of a call to a node into its class. Answers that the Node API does not give are NotANode.
func FailureOf(err error) Failure {
	var (
		dns     *net.DNSError
		timeout net.Error
		op      *net.OpError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		answer  *nodeapi.Error
	)
	switch {
	case nodeapi.IsUnauthorized(err):
		return Unauthorized
	case errors.As(err, &answer):
		return NotANode
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return TimedOut
	case errors.As(err, &dns):
		return NotResolved
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case untrusted(err):
		return NotTrusted
	case errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return NoTLS
	case errors.As(err, &op):
		return Unreachable
	}
	return NotANode
}

func untrusted(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		name         x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid)
}
