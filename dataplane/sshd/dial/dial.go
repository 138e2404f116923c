// Package dial opens the control channel to a transfer node over SSH. It decides whether the host is the right one and with
// which keys to log in; what is said over the channel it does not know.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer"
	"golang.org/x/crypto/ssh"
)

// Options say whom to call and how to log in.
type Options struct {
	Host string
	Port int
	User string
	// Signers are the keys to try, in order.
	Signers []ssh.Signer
	// Password is tried after the keys if it is not empty.
	Password string
	// HostKey judges the server's key.
	HostKey HostKey
	// Timeout bounds connecting and logging in; 0 is 30 s.
	Timeout time.Duration
}

// Channel is an open control channel; closing it ends the SSH connection.
type Channel struct {
	ssh.Channel
	client *ssh.Client
}

// Close closes the channel and its connection.
func (c *Channel) Close() error {
	err := c.Channel.Close()
	c.client.Close()
	return err
}

// Open connects, logs in and starts the transfer subsystem. Its errors are *transfer.Error.
func Open(ctx context.Context, o Options) (*Channel, error) {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	var refused *hostKeyError
	for _, algorithms := range o.HostKey.algorithms(net.JoinHostPort(o.Host, strconv.Itoa(o.Port))) {
		client, err := connect(ctx, o, algorithms)
		if err == nil {
			return open(client)
		}
		// A server that lacks the algorithms of a later attempt has refused nothing: its key was wrong before.
		if !errors.As(err, &refused) && refused == nil {
			return nil, err
		}
	}
	return nil, &transfer.Error{Code: transfer.CodeInsecure, Text: refused.Error(), Err: refused}
}

func connect(ctx context.Context, o Options, algorithms []string) (*ssh.Client, error) {
	addr := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, unreachable(addr, err)
	}
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	config := &ssh.ClientConfig{
		User: o.User, HostKeyAlgorithms: algorithms, ClientVersion: "SSH-2.0-faspex_ascp",
		HostKeyCallback: func(host string, remote net.Addr, key ssh.PublicKey) error { return o.HostKey.check(host, remote, key) },
	}
	if len(o.Signers) > 0 {
		config.Auth = append(config.Auth, ssh.PublicKeys(o.Signers...))
	}
	if o.Password != "" {
		config.Auth = append(config.Auth, ssh.Password(o.Password))
	}
	sc, channels, requests, err := ssh.NewClientConn(nc, addr, config)
	if err != nil {
		nc.Close()
		return nil, loginError(ctx, o, addr, err)
	}
	return ssh.NewClient(sc, channels, requests), nil
}

func open(client *ssh.Client) (*Channel, error) {
	channel, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		client.Close()
		return nil, transfer.Errorf(transfer.CodeControl, "the server opens no session: %w", err)
	}
	go ssh.DiscardRequests(requests)
	ok, err := channel.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{sshd.Subsystem}))
	if err != nil || !ok {
		client.Close()
		return nil, &transfer.Error{Code: transfer.CodeControl, Text: "the server is an SSH server but no transfer node of this kind", Err: err}
	}
	return &Channel{Channel: channel, client: client}, nil
}

// unreachable explains a failed connection without the noise of the network stack.
func unreachable(addr string, err error) error {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return &transfer.Error{Code: transfer.CodeControl, Text: fmt.Sprintf("host %s is unknown", dns.Name), Err: err}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &transfer.Error{Code: transfer.CodeControlTimeout, Text: fmt.Sprintf("host unreachable: no answer from %s (tcp)", addr), Err: err}
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	return &transfer.Error{Code: transfer.CodeControl, Text: fmt.Sprintf("host unreachable: %s (tcp): %s", addr, plain(err)), Err: err}
}

// plain is the text of an error without the name of the system call.
func plain(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		return text[i+2:]
	}
	return text
}

func loginError(ctx context.Context, o Options, addr string, err error) error {
	var refused *hostKeyError
	switch {
	case errors.As(err, &refused):
		return refused
	case ctx.Err() != nil:
		return &transfer.Error{Code: transfer.CodeControlTimeout, Text: fmt.Sprintf("timed out logging in to %s", addr), Err: err}
	case strings.Contains(err.Error(), "unable to authenticate"):
		return &transfer.Error{Code: transfer.CodeAuthentication, Err: err,
			Text: fmt.Sprintf("authentication failed: the server does not accept the SSH key for user %q", o.User)}
	}
	return &transfer.Error{Code: transfer.CodeControl, Text: fmt.Sprintf("ssh to %s failed: %v", addr, err), Err: err}
}
