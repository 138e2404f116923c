package dial

import (
	"crypto/sha1" //nolint:gosec // Published fingerprints of host keys are SHA-1.
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// HostKey says how to judge a server's host key. The first that is set decides: Fingerprint, else the known_hosts files
// that exist. A host that none of them speaks of is accepted and Note is told: the token, not the host key, decides what may
// be transferred, and the data keys come from this channel.
type HostKey struct {
	// Fingerprint is the SHA-1 or SHA-256 of the key: hex digits, with or without colons, or OpenSSH's "SHA256:...".
	Fingerprint string
	// KnownHosts are files in OpenSSH's format; missing ones are ignored.
	KnownHosts []string
	// Note is told about a key that was accepted without being known. It may be nil.
	Note func(text string)
}

// hostKeyError is a host key that was refused.
type hostKeyError struct{ text string }

func (e *hostKeyError) Error() string { return e.text }

// algorithms are the sets of host key algorithms to try one after the other: a fingerprint is that of one of several keys.
func (h HostKey) algorithms() [][]string {
	ed25519 := []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521}
	rsa := []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512}
	if h.Fingerprint == "" {
		return [][]string{slices.Concat(ed25519, rsa)}
	}
	return [][]string{slices.Concat(ed25519, rsa), rsa}
}

func (h HostKey) check(host string, remote net.Addr, key ssh.PublicKey) error {
	if h.Fingerprint != "" {
		if matches(h.Fingerprint, key) {
			return nil
		}
		return &hostKeyError{fmt.Sprintf("the server's host key %s is not the one that was expected", ssh.FingerprintSHA256(key))}
	}
	files := slices.DeleteFunc(slices.Clone(h.KnownHosts), func(f string) bool {
		_, err := os.Stat(f)
		return err != nil
	})
	if len(files) > 0 {
		known, err := knownhosts.New(files...)
		if err != nil {
			return &hostKeyError{fmt.Sprintf("known_hosts can't be read: %v", err)}
		}
		var unknown *knownhosts.KeyError
		err = known(host, remote, key)
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &unknown) || len(unknown.Want) > 0:
			return &hostKeyError{fmt.Sprintf("the server's host key %s is not the one in known_hosts", ssh.FingerprintSHA256(key))}
		}
	}
	if h.Note != nil {
		h.Note(fmt.Sprintf("host key %s of %s is accepted without a check (use --check-sshfp or known_hosts)", ssh.FingerprintSHA256(key), host))
	}
	return nil
}

func matches(fingerprint string, key ssh.PublicKey) bool {
	if strings.HasPrefix(fingerprint, "SHA256:") {
		return fingerprint == ssh.FingerprintSHA256(key)
	}
	digits := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(fingerprint))
	one, two := sha1.Sum(key.Marshal()), sha256.Sum256(key.Marshal()) //nolint:gosec // see above
	return digits == hex.EncodeToString(one[:]) || digits == hex.EncodeToString(two[:])
}
