package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// signer reads a private key of a file that errors call name.
func (t *task) signer(name string, text []byte) (ssh.Signer, error) {
	s, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if !errors.As(err, &locked) {
		return s, keyError(name, text, err)
	}
	passphrase := t.keyPassphrase
	fill(&passphrase, t.password)
	if passphrase == "" {
		return nil, errors.New("it has a passphrase, give it in ASPERA_SCP_PASS")
	}
	if s, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(passphrase)); errors.Is(err, x509.IncorrectPasswordError) {
		return nil, errors.New("the passphrase in ASPERA_SCP_PASS is not its own")
	}
	return s, keyError(name, text, err)
}

// keyError says what is given instead of a private key that can be used.
func keyError(name string, text []byte, err error) error {
	if err == nil {
		return nil
	}
	text = bytes.TrimSpace(text)
	block, _ := pem.Decode(text)
	switch {
	case len(text) == 0:
		return errors.New("it is empty")
	case bytes.HasPrefix(text, []byte("PuTTY-User-Key-File-")):
		return fmt.Errorf("it is a PuTTY key, convert it: puttygen %s -O private-openssh -o new-key", shellWord(name))
	case isPublic(text), block != nil && strings.Contains(block.Type, "PUBLIC KEY"):
		return errors.New("it is the public key, give the private one" + privateBeside(name))
	case block != nil && strings.Contains(block.Type, "CERTIFICATE"):
		return errors.New("it is a certificate, give the private key; certificates are for --ws-connect")
	case block == nil:
		return errors.New("it holds no key: a private key in OpenSSH's or PEM form begins with -----BEGIN")
	}
	return err
}

func isPublic(text []byte) bool {
	_, _, _, _, err := ssh.ParseAuthorizedKey(text)
	return err == nil || bytes.HasPrefix(text, []byte("---- BEGIN SSH2 PUBLIC KEY"))
}

func privateBeside(name string) string {
	if private, ok := strings.CutSuffix(name, ".pub"); ok && private != "" {
		return " (" + private + "?)"
	}
	return ""
}

// shellWord quotes a word whole for a shell.
func shellWord(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
