package main

import (
	"context"
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
	if t.hostKey == nil {
		t.hostKey = t.newHostKey()
	}
	return dial.Open(ctx, dial.Options{
		Host: t.host, Port: t.sshPort, User: t.user, Signers: signers, Password: t.password, Token: t.token != "",
		HostKey: t.hostKey,
	})
}

// newHostKey trusts the key of the fingerprint, or else those that OpenSSH trusts: its files are read, and the
// person's own is added to.
func (t *task) newHostKey() *dial.HostKey {
	h := &dial.HostKey{Fingerprint: t.fingerprint, Note: t.warn}
	// A home that is not absolute would be wherever ascp is run.
	if home, err := os.UserHomeDir(); err == nil && filepath.IsAbs(home) {
		h.Remember = filepath.Join(home, ".ssh", "known_hosts")
		h.KnownHosts = []string{h.Remember, h.Remember + "2"}
	}
	h.KnownHosts = append(h.KnownHosts, "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
	return h
}

// warn tells a person what they should know although they want no progress bar. Under a manager there may be no person.
func (t *task) warn(text string) {
	if !t.quiet || t.managementPort == 0 {
		t.display.note(text)
	}
}

// connectWebSocket trusts the certificates that -i names, or else those of the system.
func (t *task) connectWebSocket(ctx context.Context) (io.ReadWriteCloser, error) {
	if t.token == "" {
		return nil, fail.New(fail.Authentication,
			"a WebSocket needs a token (ASPERA_SCP_TOKEN): nothing else authorizes over it")
	}
	roots, err := wssdial.Roots(withFile(t.keyFiles, t.authorityFile))
	if err != nil {
		return nil, err
	}
	port := t.webSocketPort
	if port == 0 {
		port = wss.DefaultPort
	}
	return wssdial.Open(ctx, wssdial.Options{Host: t.host, Port: port, User: t.user, Roots: roots})
}

// withFile are the files of the command line, or else that of a transfer spec.
func withFile(files []string, ofSpec string) []string {
	if len(files) == 0 && ofSpec != "" {
		return []string{ofSpec}
	}
	return files
}

// signers are the SSH keys to log in with. With a token there need not be any.
func (t *task) signers() ([]ssh.Signer, error) {
	var out []ssh.Signer
	if t.keyPEM != "" {
		s, err := t.signer("", []byte(t.keyPEM))
		if err != nil {
			return nil, fail.New(fail.Authentication, "the SSH key of the environment or transfer spec can't be used: %w", err)
		}
		out = append(out, s)
	}
	for _, name := range withFile(t.keyFiles, t.sshKeyFile) {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fail.New(fail.Authentication, "the SSH key can't be read: %w", err)
		}
		s, err := t.signer(name, pem)
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
