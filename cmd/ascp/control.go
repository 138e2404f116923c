package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"faspex.io/operator/dataplane/sshd/dial"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/wss"
	wssdial "faspex.io/operator/dataplane/wss/dial"
)

// connect opens the control channel: over SSH, or over a WebSocket where that was asked for.
func (t *task) connect(ctx context.Context) (io.ReadWriteCloser, error) {
	if t.webSocket {
		return t.connectWebSocket(ctx)
	}
	signers, err := t.signers()
	if err != nil {
		return nil, err
	}
	home, _ := os.UserHomeDir() // Without a home there is no known_hosts.
	return dial.Open(ctx, dial.Options{
		Host: t.host, Port: t.sshPort, User: t.user, Signers: signers, Password: t.password, Token: t.token != "",
		HostKey: dial.HostKey{
			Fingerprint: t.fingerprint, KnownHosts: []string{filepath.Join(home, ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"},
			Note: func(text string) {
				if !t.quiet {
					t.display.note(text)
				}
			},
		},
	})
}

// connectWebSocket trusts the certificates that -i names, or else those of the system.
func (t *task) connectWebSocket(ctx context.Context) (io.ReadWriteCloser, error) {
	if t.token == "" {
		return nil, fail.New(fail.Authentication, "a WebSocket needs a token (ASPERA_SCP_TOKEN): nothing else authorizes over it")
	}
	roots, err := wssdial.Roots(t.keyFiles)
	if err != nil {
		return nil, err
	}
	port := t.webSocketPort
	if port == 0 {
		port = wss.DefaultPort
	}
	return wssdial.Open(ctx, wssdial.Options{Host: t.host, Port: port, User: t.user, Roots: roots})
}

// signers are the SSH keys to log in with. With a token there need not be any.
func (t *task) signers() ([]ssh.Signer, error) {
	var out []ssh.Signer
	if t.keyPEM != "" {
		s, err := t.signer([]byte(t.keyPEM))
		if err != nil {
			return nil, fail.New(fail.Authentication, "the SSH key of the environment or transfer spec can't be used: %w", err)
		}
		out = append(out, s)
	}
	for _, name := range t.keyFiles {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fail.New(fail.Authentication, "the SSH key can't be read: %w", err)
		}
		s, err := t.signer(pem)
		if err != nil {
			return nil, fail.New(fail.Authentication, "%s can't be used as an SSH key: %w", name, err)
		}
		out = append(out, s)
	}
	if len(out) == 0 && t.token == "" && t.password == "" {
		return nil, fail.New(fail.Authentication, "neither a token (ASPERA_SCP_TOKEN) nor an SSH key (-i) is given")
	}
	return out, nil
}

func (t *task) signer(pem []byte) (ssh.Signer, error) {
	s, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		if t.password == "" {
			return nil, errors.New("it has a passphrase, give it in ASPERA_SCP_PASS")
		}
		return ssh.ParsePrivateKeyWithPassphrase(pem, []byte(t.password))
	}
	return s, err
}
