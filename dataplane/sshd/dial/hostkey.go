package dial

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// HostKey says how to judge a server's host key. With a Fingerprint the key that has it is the only good one. Without,
// it is what the known_hosts files say of the host. Of a host that they do not know the first key is accepted,
// remembered and told to Note: from then on it is the only good one. A key that is marked @revoked is refused in every
// case.
//
// A HostKey keeps the keys that it accepted. Use one for all connections of a transfer: where nothing can be
// remembered in a file, the key of the first connection is the only good one for those that follow.
type HostKey struct {
	// Fingerprint is the SHA-1 or SHA-256 of the key: hex digits, with or without colons, or OpenSSH's "SHA256:...".
	Fingerprint string
	// Keys, if there are any, are the only good ones, whatever else is known.
	Keys []ssh.PublicKey
	// KnownHosts are files in OpenSSH's format; missing ones are ignored.
	KnownHosts []string
	// Remember is the known_hosts file that new keys are appended to. If it is empty no key is kept longer than this
	// HostKey.
	Remember string
	// Note is told what a person should know of the trust in a host. It may be nil.
	Note func(text string)

	mu   sync.Mutex
	seen map[string]ssh.PublicKey // by host, accepted without being known
	said map[string]bool
}

// hostKeyError is a host key that was refused.
type hostKeyError struct{ text string }

func (e *hostKeyError) Error() string { return e.text }

func refusef(format string, args ...any) error { return &hostKeyError{fmt.Sprintf(format, args...)} }

var (
	ecdsaAlgorithms = []string{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521}
	rsaAlgorithms   = []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512}
	allAlgorithms   = slices.Concat([]string{ssh.KeyAlgoED25519}, ecdsaAlgorithms, rsaAlgorithms)
	certificates    = []string{
		ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
		ssh.CertAlgoRSASHA256v01, ssh.CertAlgoRSASHA512v01,
	}
)

// algorithms are the sets of host key algorithms to try one after the other at an address ("name:port"). A server
// shows the first of its keys that is asked for. So the kinds that are known go first, and a fingerprint is looked for
// among the keys of every kind.
func (h *HostKey) algorithms(addr string) [][]string {
	if h.Fingerprint != "" || len(h.Keys) > 0 {
		return [][]string{allAlgorithms, ecdsaAlgorithms, rsaAlgorithms}
	}
	entries, _ := readKnownHosts(h.KnownHosts) // The check reports the error.
	host, bare := names(addr)
	var first []string
	if len(withMarker(entries, markerAuthority, host))+len(withMarker(entries, markerAuthority, bare)) > 0 {
		first = append(first, certificates...)
	}
	known := withMarker(entries, "", host)
	if len(known) == 0 {
		known = withMarker(entries, "", bare)
	}
	for _, e := range known {
		if e.key.Type() == ssh.KeyAlgoRSA {
			first = append(first, rsaAlgorithms...)
		} else if slices.Contains(allAlgorithms, e.key.Type()) {
			first = append(first, e.key.Type())
		}
	}
	var ordered []string
	for _, a := range slices.Concat(first, allAlgorithms) {
		if !slices.Contains(ordered, a) {
			ordered = append(ordered, a)
		}
	}
	return [][]string{ordered}
}

// names are those under which known_hosts has an address: with its port, and without, which is one name if the port is
// 22.
func names(addr string) (host, bare string) {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		name = addr
	}
	return strings.ToLower(knownhosts.Normalize(addr)), strings.ToLower(name)
}

// check judges the key that a server has proven to have.
func (h *HostKey) check(addr string, key ssh.PublicKey) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	entries, unread := readKnownHosts(h.KnownHosts)
	if err := revoked(entries, addr, key); err != nil {
		return err
	}
	if len(h.Keys) > 0 {
		if slices.ContainsFunc(h.Keys, func(good ssh.PublicKey) bool { return sameKey(good, key) }) {
			return nil
		}
		return refusef("the host key of %s is %s, which is none of those that are known of it", addr, describe(key))
	}
	if h.Fingerprint != "" {
		return h.checkFingerprint(addr, key)
	}
	known, err := judge(entries, addr, key)
	if known || err != nil {
		return err
	}
	if unread != nil {
		h.say(fmt.Sprintf("host keys that are known can't be read: %v", unread))
	}
	host, _ := names(addr)
	if seen := h.seen[host]; seen != nil {
		if sameKey(seen, key) {
			return nil
		}
		return refusef("the host key of %s has changed since this transfer began: it was %s and is now %s", addr,
			describe(seen), describe(key))
	}
	kept, err := h.remember(addr, key)
	var refused *hostKeyError
	switch {
	case errors.As(err, &refused):
		return err
	case err != nil:
		h.say(fmt.Sprintf("the host key %s of %s is not known and is accepted, but it can't be remembered: %v "+
			"(--check-sshfp makes sure of a host)",
			describe(key), addr, err))
	case kept:
		h.say(fmt.Sprintf("the host key %s of %s was not known: it is accepted and remembered in %s, from now on no "+
			"other is (--check-sshfp makes sure of the first)", describe(key), addr, h.Remember))
	}
	if h.seen == nil {
		h.seen = map[string]ssh.PublicKey{}
	}
	h.seen[host] = key
	return nil
}

func (h *HostKey) checkFingerprint(addr string, key ssh.PublicKey) error {
	want, err := parseFingerprint(h.Fingerprint)
	if err != nil {
		return refusef("%v", err)
	}
	if want.matches(key) {
		return nil
	}
	shown := describe(key)
	if !strings.HasPrefix(h.Fingerprint, "SHA256:") {
		shown = fmt.Sprintf("%x (%s)", want.of(key), shown)
	}
	return refusef("the host key of %s is not the one that was asked for: expected %s, it shows %s. "+
		"Who made the transfer spec or gave the fingerprint "+
		"knows whether the server has a new key; if not, somebody is in between", addr, h.Fingerprint, shown)
}

// say tells a person something once.
func (h *HostKey) say(text string) {
	if h.Note == nil || h.said[text] {
		return
	}
	if h.said == nil {
		h.said = map[string]bool{}
	}
	h.said[text] = true
	h.Note(text)
}

// revoked refuses a key, or what a certificate is made of, that known_hosts marks @revoked. OpenSSH heeds the mark for
// the hosts of its line. Here it holds for all hosts: who revokes a key wants it nowhere.
func revoked(entries []entry, addr string, key ssh.PublicKey) error {
	keys := []ssh.PublicKey{key}
	if c, ok := key.(*ssh.Certificate); ok {
		keys = append(keys, c.Key, c.SignatureKey)
	}
	for _, e := range entries {
		if e.marker != markerRevoked {
			continue
		}
		for _, k := range keys {
			if sameKey(e.key, k) {
				return refusef("the host key %s of %s is revoked (%s): the server needs another one", describe(k), addr, e.place())
			}
		}
	}
	return nil
}

// judge compares a key with what known_hosts says of the host. It is known, or refused, or the host is not known at
// all.
func judge(entries []entry, addr string, key ssh.PublicKey) (known bool, err error) {
	host, bare := names(addr)
	var invalid error
	if c, ok := key.(*ssh.Certificate); ok {
		if known, invalid = certified(entries, addr, c); known {
			return true, nil
		}
		key = c.Key // The server has proven to have this key; perhaps it is known itself.
	}
	theirs := withMarker(entries, "", host)
	for _, e := range theirs {
		if sameKey(e.key, key) {
			return true, nil
		}
	}
	if len(theirs) > 0 {
		return false, changed(theirs, addr, host, key)
	}
	// A line without a port is good for all ports, but binds none but 22: other servers of the machine have keys of their
	// own.
	for _, e := range withMarker(entries, "", bare) {
		if sameKey(e.key, key) {
			return true, nil
		}
	}
	if invalid != nil {
		return false, refusef("the certificate of %s's host key %s is not good: %v", addr, describe(key), invalid)
	}
	if authorities := withMarker(entries, markerAuthority, host); len(authorities) > 0 {
		return false, refusef("the host key %s of %s is not certified by the authority that %s names for the host; "+
			"if it is the right key, add it to "+
			"known_hosts or give --check-sshfp", describe(key), addr, authorities[0].place())
	}
	return false, nil
}

// certified reports whether an authority of the host vouches for a certificate. The error is that of a certificate
// which comes from such an authority and is not good.
func certified(entries []entry, addr string, c *ssh.Certificate) (bool, error) {
	host, bare := names(addr)
	for _, e := range entries {
		if e.marker != markerAuthority || !sameKey(e.key, c.SignatureKey) || !e.speaksOf(host) && !e.speaksOf(bare) {
			continue
		}
		checker := ssh.CertChecker{IsHostAuthority: func(ssh.PublicKey, string) bool { return true }}
		if c.CertType != ssh.HostCert {
			return false, errors.New("it is not that of a host")
		}
		if err := checker.CheckCert(bare, c); err != nil {
			return false, err
		}
		return true, nil
	}
	return false, nil
}

// changed says what is known of a host that shows another key, and how to go on if that is right.
func changed(theirs []entry, addr, host string, key ssh.PublicKey) error {
	var expected []string
	for _, e := range theirs {
		expected = append(expected, fmt.Sprintf("%s (%s)", describe(e.key), e.place()))
	}
	return refusef("the host key of %s has changed: expected %s, it shows %s. "+
		"Either the server has a new key or somebody is in between: ask its "+
		"administrator. If the new key is right, remove the old one: ssh-keygen -f %s -R %s",
		addr, strings.Join(expected, " or "), describe(key), shellWord(theirs[0].file), shellWord(host))
}

// shellWord quotes a word whole for a shell.
func shellWord(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// describe names a key by the fingerprint and the type that OpenSSH prints.
func describe(key ssh.PublicKey) string {
	return ssh.FingerprintSHA256(key) + " " + strings.TrimSuffix(key.Type(), "-cert-v01@openssh.com")
}
