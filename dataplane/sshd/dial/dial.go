// Package dial opens the control channel to a transfer node over SSH. It decides whether the host is the right one and
// with which keys to log in; what is said over the channel it does not know.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"faspex.io/operator/dataplane/reach"
	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/sshd/wellknown"
	"faspex.io/operator/dataplane/transfer/fail"
	"golang.org/x/crypto/ssh"
)

// mostShown is how many characters of a server's words are shown.
const mostShown = 200

// Options say whom to call and how to log in.
type Options struct {
	Host string
	Port int
	User string
	// Signers are the keys to try, in order.
	Signers []ssh.Signer
	// Password is tried after the keys if it is not empty.
	Password string
	// Token says that a token will be presented, so that no key is needed. Servers that want one all the same get the
	// well-known key.
	Token bool
	// HostKey judges the server's key; nil stands for one without fingerprint and files, which takes any key.
	HostKey *HostKey
	// Timeout bounds connecting, logging in and opening the channel; 0 is 30 s.
	Timeout time.Duration
	// Dial connects; nil stands for a net.Dialer.
	Dial reach.Dial
}

// Channel is an open control channel; closing it ends the SSH connection.
type Channel struct {
	ssh.Channel
	conn ssh.Conn
}

// RemoteAddr is the address that answered, of those that the host has.
func (c *Channel) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// Close closes the channel and its connection.
func (c *Channel) Close() error {
	err := c.Channel.Close()
	c.conn.Close()
	return err
}

// Open connects, logs in and opens the control channel. Its errors are *fail.Error.
//
// Round trips, the last for the first message and its answer: connection 1, versions and key offers 1, key exchange 1,
// service 1, log-in 1 without a key and 3 with one, message 1. A server that does not open the channel by itself costs
// one more.
func Open(ctx context.Context, o Options) (*Channel, error) {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Token && len(o.Signers) == 0 {
		key, err := wellknown.Signer()
		if err != nil {
			return nil, &fail.Error{Code: fail.Internal, Text: err.Error(), Err: err}
		}
		o.Signers = []ssh.Signer{key}
	} else {
		o.Token = false // Who names a key wants it to be used.
	}
	if o.HostKey == nil {
		o.HostKey = &HostKey{}
	}
	if o.HostKey.Fingerprint != "" {
		if _, err := parseFingerprint(o.HostKey.Fingerprint); err != nil {
			return nil, &fail.Error{Code: fail.Insecure, Text: err.Error(), Err: err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	var refused *hostKeyError // of the first attempt, whose key is the server's preferred one
	for _, algorithms := range o.HostKey.algorithms(net.JoinHostPort(o.Host, strconv.Itoa(o.Port))) {
		channel, err := connect(ctx, o, algorithms)
		if err == nil {
			return channel, nil
		}
		// A server that lacks the algorithms of a later attempt has refused nothing: its key was wrong before.
		if refused == nil && !errors.As(err, &refused) {
			return nil, err
		}
	}
	return nil, &fail.Error{Code: fail.Insecure, Text: refused.Error(), Err: refused}
}

func connect(ctx context.Context, o Options, algorithms []string) (*Channel, error) {
	addr := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	nc, err := reach.TCP(ctx, o.Dial, addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	config := &ssh.ClientConfig{
		User: o.User, HostKeyAlgorithms: algorithms, ClientVersion: sshd.ClientVersion,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error { return o.HostKey.check(addr, key) },
	}
	if o.Token {
		config.ClientVersion = sshd.TokenClientVersion
	}
	if len(o.Signers) > 0 {
		config.Auth = append(config.Auth, ssh.PublicKeys(o.Signers...))
	}
	if o.Password != "" {
		config.Auth = append(config.Auth, ssh.Password(o.Password))
	}
	sorry := ""
	config.BannerCallback = func(message string) error { sorry = shown(message); return nil }
	heard := &overheard{Conn: nc}
	conn, offers, requests, err := ssh.NewClientConn(heard, addr, config)
	if err != nil {
		nc.Close()
		switch {
		case ctx.Err() != nil:
		case heard.busy():
			return nil, reach.Busy(addr)
		case heard.n == 0:
			return nil, reach.HungUp(addr)
		}
		return nil, loginError(ctx, o, addr, sorry, err)
	}
	go ssh.DiscardRequests(requests)
	channel, err := open(conn, offers)
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return nil, &fail.Error{Code: fail.ControlTimeout, Text: fmt.Sprintf("timed out opening a session at %s", addr),
				Err: err}
		}
		return nil, err
	}
	return &Channel{Channel: channel, conn: conn}, nil
}

// open takes the channel that the server offers, or asks for one where servers offer none.
func open(conn ssh.Conn, offers <-chan ssh.NewChannel) (ssh.Channel, error) {
	if string(conn.ServerVersion()) == sshd.ServerVersion {
		return take(offers)
	}
	go refuse(offers)
	channel, requests, err := conn.OpenChannel("session", nil)
	if err != nil {
		return nil, fail.New(fail.Control, "the server opens no session: %w", err)
	}
	go ssh.DiscardRequests(requests)
	ok, err := channel.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{sshd.Subsystem}))
	if err != nil || !ok {
		return nil, &fail.Error{Code: fail.Control, Text: "the server is an SSH server but no transfer node of this kind",
			Err: err}
	}
	return channel, nil
}

func take(offers <-chan ssh.NewChannel) (ssh.Channel, error) {
	for offer := range offers {
		if offer.ChannelType() != sshd.OfferedChannel {
			offer.Reject(ssh.UnknownChannelType, "only transfers are taken")
			continue
		}
		channel, requests, err := offer.Accept()
		if err != nil {
			return nil, fail.New(fail.Control, "the server's session can't be opened: %w", err)
		}
		go ssh.DiscardRequests(requests)
		go refuse(offers)
		return channel, nil
	}
	return nil, fail.New(fail.Control, "the server hung up before it opened a session")
}

// refuse answers whatever else the server offers.
func refuse(offers <-chan ssh.NewChannel) {
	for offer := range offers {
		offer.Reject(ssh.Prohibited, "one session is enough")
	}
}

// refusedLogin says which of the things that were given did not do. The library lists what was tried.
func refusedLogin(o Options, tried string) string {
	key, password := len(o.Signers) > 0, strings.Contains(tried, "password")
	switch {
	case o.Token:
		return fmt.Sprintf("the server does not know user %q, or wants a key of its own beside the token (-i)", o.User)
	case key && password:
		return fmt.Sprintf("the server accepts neither the SSH key nor the password for user %q", o.User)
	case key:
		return fmt.Sprintf("the server does not accept the SSH key for user %q", o.User)
	case password:
		return fmt.Sprintf("the server does not accept the password for user %q", o.User)
	}
	return fmt.Sprintf("the server takes no password of user %q: give an SSH key (-i) or a token (ASPERA_SCP_TOKEN)",
		o.User)
}

// shown is what can be shown of a server's words, which may be anybody's.
func shown(message string) string {
	message = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return ' '
		case r == utf8.RuneError, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, message)
	if runes := []rune(message); len(runes) > mostShown {
		message = string(runes[:mostShown]) + "..."
	}
	return strings.TrimSpace(message)
}

func loginError(ctx context.Context, o Options, addr, sorry string, err error) error {
	var refused *hostKeyError
	switch {
	case errors.As(err, &refused):
		return refused
	case ctx.Err() != nil:
		return &fail.Error{Code: fail.ControlTimeout, Text: fmt.Sprintf("timed out logging in to %s", addr), Err: err}
	case strings.Contains(err.Error(), "unable to authenticate"):
		text := "authentication failed: " + refusedLogin(o, err.Error())
		if sorry != "" {
			text += "; it says: " + sorry
		}
		return &fail.Error{Code: fail.Authentication, Text: text, Err: err}
	}
	return &fail.Error{Code: fail.Control, Text: fmt.Sprintf("ssh to %s failed: %v", addr, err), Err: err}
}
