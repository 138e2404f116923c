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

// ErrBusy is in the errors of nodes that say that they take no more connections now, ErrHungUp in those of nodes that
// took one and said nothing: many are too busy for words.
var (
	ErrBusy   = errors.New("busy")
	ErrHungUp = errors.New("hung up")
)

// Busy says that a node takes no more connections of this client now.
func Busy(addr string) error {
	return &fail.Error{Code: fail.Control, Err: ErrBusy,
		Text: fmt.Sprintf("%s is busy: it takes no more connections from this address now, try again", addr)}
}

// HungUp says that a node hung up before it said anything.
func HungUp(addr string) error {
	return &fail.Error{Code: fail.Control, Err: ErrHungUp,
		Text: fmt.Sprintf("%s hung up before it said anything: it may be busy, or not let this address in", addr)}
}

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
		return &fail.Error{Code: fail.ControlTimeout, Text: fmt.Sprintf("host unreachable: no answer from %s (tcp)", addr),
			Err: err}
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
