// Package reach connects to a transfer node, and says in words for people why it can't.
package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"faspex.io/operator/dataplane/transfer/fail"
)

// Dial connects, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// TCP connects to addr ("host:port") by dial, or by a net.Dialer if that is nil. Its errors are *fail.Error.
func TCP(ctx context.Context, dial Dial, addr string) (net.Conn, error) {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	nc, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, unreachable(addr, err)
	}
	return nc, nil
}

// unreachable explains a failed connection without the noise of the network stack.
func unreachable(addr string, err error) error {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return &fail.Error{Code: fail.Control, Text: fmt.Sprintf("host %s is unknown", dns.Name), Err: err}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &fail.Error{Code: fail.ControlTimeout, Text: fmt.Sprintf("host unreachable: no answer from %s (tcp)", addr), Err: err}
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	return &fail.Error{Code: fail.Control, Text: fmt.Sprintf("host unreachable: %s (tcp): %s", addr, plain(err)), Err: err}
}

// plain is the text of an error without the name of the system call.
func plain(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		return text[i+2:]
	}
	return text
}
