// Package remote opens sessions at other transfer nodes for the jobs of a node. It decides what may be reached, and
// logs in; what is said in a session it does not know.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/sshd/dial"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/wss"
	wssdial "faspex.io/operator/dataplane/wss/dial"
)

// DefaultSSHPort is the port of SSH where none is named.
const DefaultSSHPort = 33001

// Node is another node as a job names it.
type Node struct {
	Rules Rules
	Host  string
	User  string
	// SSHPort is where SSH is, WSSPort where WebSockets are if WebSocket says so; 0 are the usual ones. UDPPort is that of
	// the data, 0 takes the node's word for it.
	SSHPort, WSSPort, UDPPort int
	WebSocket                 bool
	// Password and Key, PEM with an optional Passphrase, log in over SSH. With a token neither is needed.
	Password, Key, Passphrase string
	// Token says that a token will be presented.
	Token bool
	// Fingerprint of the SSH host key, if it is known. Without one the first key that the host shows is the only good one
	// for as long as the Node is used.
	Fingerprint  string
	DatagramSize int

	mu       sync.Mutex
	hostKey  *dial.HostKey
	answered netip.Addr
}

func (n *Node) port() int {
	switch {
	case n.WebSocket && n.WSSPort == 0:
		return wss.DefaultPort
	case n.WebSocket:
		return n.WSSPort
	case n.SSHPort == 0:
		return DefaultSSHPort
	}
	return n.SSHPort
}

// Open opens the control channel. Its errors are *fail.Error.
func (n *Node) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	connect := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := n.Rules.dial(ctx, n.Host, n.port())
		if err != nil {
			return nil, err
		}
		at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
		if err != nil {
			conn.Close()
			return nil, fmt.Errorf("address of the remote host: %w", err)
		}
		n.mu.Lock()
		n.answered = at.Addr().Unmap()
		n.mu.Unlock()
		return conn, nil
	}
	var stream io.ReadWriteCloser
	var err error
	if n.WebSocket {
		stream, err = n.openWebSocket(ctx, connect)
	} else {
		stream, err = n.openSSH(ctx, connect)
	}
	var known *fail.Error
	if errors.Is(err, errForbidden) && errors.As(err, &known) {
		return nil, forbidden(n.Host)
	}
	return stream, err
}

type connector = func(ctx context.Context, network, addr string) (net.Conn, error)

func (n *Node) openWebSocket(ctx context.Context, connect connector) (io.ReadWriteCloser, error) {
	if !n.Token {
		return nil, fail.New(fail.Authentication, "a WebSocket needs a token: nothing else authorizes over it")
	}
	s, err := wssdial.Open(ctx, wssdial.Options{Host: n.Host, Port: n.port(), User: n.User, Dial: connect})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (n *Node) openSSH(ctx context.Context, connect connector) (io.ReadWriteCloser, error) {
	var signers []ssh.Signer
	if n.Key != "" {
		signer, err := parseKey(n.Key, n.Passphrase)
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer)
	}
	n.mu.Lock()
	if n.hostKey == nil {
		n.hostKey = &dial.HostKey{Fingerprint: n.Fingerprint}
	}
	hostKey := n.hostKey
	n.mu.Unlock()
	c, err := dial.Open(ctx, dial.Options{Host: n.Host, Port: n.port(), User: n.User, Signers: signers,
		Password: n.Password, Token: n.Token, HostKey: hostKey, Dial: connect})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// parseKey reads a private key. Its errors hold nothing of it.
func parseKey(pem, passphrase string) (ssh.Signer, error) {
	var signer ssh.Signer
	var err error
	if passphrase != "" {
		signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(pem), []byte(passphrase))
	} else {
		signer, err = ssh.ParsePrivateKey([]byte(pem))
	}
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, fail.New(fail.Authentication, "ssh_private_key has a passphrase: give ssh_private_key_passphrase")
	case err != nil:
		return nil, fail.New(fail.Authentication, "ssh_private_key is no private key in PEM, or its passphrase is wrong")
	}
	return signer, nil
}

// CheckKey says what is wrong with a key before it is used.
func CheckKey(pem, passphrase string) error {
	_, err := parseKey(pem, passphrase)
	return err
}

// Dial opens the data link to the address at which the control channel is.
func (n *Node) Dial(ctx context.Context, port int, cfg engine.Config) (engine.Link, error) {
	n.mu.Lock()
	at := n.answered
	n.mu.Unlock()
	if !at.IsValid() {
		return nil, fail.New(fail.DataTimeout, "the address of the remote host is not known")
	}
	if n.UDPPort != 0 && !n.Rules.IsSelf(n.Host, n.port()) { // Of this node's own ports, that of its data alone.
		port = n.UDPPort
	}
	link, err := udplink.Dial(ctx, net.JoinHostPort(at.String(), strconv.Itoa(port)), cfg,
		udplink.Options{MaxDatagram: n.DatagramSize})
	if err != nil {
		return nil, noData(err, port, n.Host)
	}
	return link, nil
}

// noData says why the data channel did not come up, as far as that is known.
func noData(err error, port int, host string) error {
	e := &fail.Error{Code: fail.DataTimeout, Err: err}
	var known *udplink.Obstacle
	switch {
	case errors.As(err, &known):
		e.Text = fmt.Sprintf("no data connection to UDP port %d of %s: %v", port, host, known)
	case errors.Is(err, context.DeadlineExceeded):
		e.Text = fmt.Sprintf("no answer from UDP port %d of %s: is it open in every firewall?", port, host)
	default:
		e.Text = fmt.Sprintf("no data connection to UDP port %d of %s: %v", port, host, err)
	}
	return e
}
