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

	"faspex.io/operator/dataplane/sshd/wellknown"
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

var (
	newAlgorithms = []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521}
	rsaAlgorithms = []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512}
)

// algorithms are the sets of host key algorithms to try one after the other. A server has several keys: the one to ask for is
// the one that is known, by fingerprint or from known_hosts.
func (h HostKey) algorithms(host string) [][]string {
	all := slices.Concat(newAlgorithms, rsaAlgorithms)
	if h.Fingerprint != "" {
		return [][]string{all, rsaAlgorithms}
	}
	var known []string
	for _, key := range h.known(host) {
		if key.Type() == ssh.KeyAlgoRSA {
			known = append(known, rsaAlgorithms...)
		} else {
			known = append(known, key.Type())
		}
	}
	if len(known) > 0 {
		return [][]string{known}
	}
	return [][]string{all}
}

// known are the keys that the known_hosts files have for a host ("name:port").
func (h HostKey) known(host string) []ssh.PublicKey {
	lookup, err := h.lookup()
	if err != nil || lookup == nil {
		return nil // The check itself will say what is wrong.
	}
	// Asking about a key that is nobody's gives those that are expected.
	nobody, err := wellknown.Signer()
	if err != nil {
		return nil
	}
	var unknown *knownhosts.KeyError
	if !errors.As(lookup(host, &net.TCPAddr{IP: net.IPv4zero}, nobody.PublicKey()), &unknown) {
		return nil
	}
	var keys []ssh.PublicKey
	for _, want := range unknown.Want {
		keys = append(keys, want.Key)
	}
	return keys
}

// lookup reads the known_hosts files; nil if there are none.
func (h HostKey) lookup() (ssh.HostKeyCallback, error) {
	files := slices.DeleteFunc(slices.Clone(h.KnownHosts), func(f string) bool {
		_, err := os.Stat(f)
		return err != nil
	})
	if len(files) == 0 {
		return nil, nil
	}
	return knownhosts.New(files...)
}

func (h HostKey) check(host string, remote net.Addr, key ssh.PublicKey) error {
	if h.Fingerprint != "" {
		if matches(h.Fingerprint, key) {
			return nil
		}
		return &hostKeyError{fmt.Sprintf("the server's host key %s is not the one that was expected", ssh.FingerprintSHA256(key))}
	}
	known, err := h.lookup()
	if err != nil {
		return &hostKeyError{fmt.Sprintf("known_hosts can't be read: %v", err)}
	}
	if known != nil {
		var unknown *knownhosts.KeyError
		err := known(host, remote, key)
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
