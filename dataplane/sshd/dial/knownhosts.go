package dial

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // OpenSSH hashes the names in known_hosts with it.
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// Markers of lines whose key is not that of a host.
const (
	markerAuthority = "@cert-authority"
	markerRevoked   = "@revoked"
)

// entry is a line of a known_hosts file.
type entry struct {
	file   string
	line   int
	marker string
	hosts  string
	key    ssh.PublicKey
}

// place is where a person finds the line.
func (e entry) place() string { return fmt.Sprintf("%s:%d", e.file, e.line) }

// readKnownHosts reads files in OpenSSH's format. Missing files and lines that can't be read are passed over, as OpenSSH does: a
// line damaged by another program must not keep anybody from a host (TestKnownHostsBadLines). Files that are there and can't be
// read are reported, and the lines of the others are returned nevertheless.
func readKnownHosts(files []string) (entries []entry, err error) {
	for _, name := range files {
		text, failed := readRegular(name)
		if failed != nil {
			if !missing(failed) {
				err = errors.Join(err, failed)
			}
			continue
		}
		number := 0
		for line := range bytes.Lines(text) {
			number++
			if e, ok := parseEntry(string(line)); ok {
				e.file, e.line = name, number
				entries = append(entries, e)
			}
		}
	}
	return entries, err
}

// readRegular reads a file. Anything else than a file, such as /dev/null, is empty.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil
	}
	return os.ReadFile(name)
}

func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// parseEntry reads "[marker] hosts type key [comment]".
func parseEntry(line string) (entry, bool) {
	var e entry
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	if len(words) > 0 && strings.HasPrefix(words[0], "@") {
		e.marker, words = words[0], words[1:]
		if e.marker != markerAuthority && e.marker != markerRevoked {
			return entry{}, false
		}
	}
	if len(words) < 3 || strings.HasPrefix(words[0], "#") || strings.HasPrefix(words[0], "@") {
		return entry{}, false
	}
	e.hosts = words[0]
	blob, err := base64.StdEncoding.DecodeString(words[2])
	if err != nil {
		return entry{}, false
	}
	if e.key, err = ssh.ParsePublicKey(blob); err != nil || e.key.Type() != words[1] {
		return entry{}, false
	}
	if _, certificate := e.key.(*ssh.Certificate); certificate {
		return entry{}, false
	}
	return e, true
}

// speaksOf reports whether the line is about a host: a name, or "[name]:port" where the port is not 22, in lower case.
func (e entry) speaksOf(host string) bool {
	if hash, ok := strings.CutPrefix(e.hosts, "|1|"); ok {
		return hashOf(hash, host)
	}
	found := false
	for pattern := range strings.SplitSeq(strings.ToLower(e.hosts), ",") {
		pattern, negated := strings.CutPrefix(pattern, "!")
		if pattern == "" || !glob(pattern, host) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// hashOf reports whether "salt|hash" is that of a host.
func hashOf(text, host string) bool {
	salt64, hash64, ok := strings.Cut(text, "|")
	salt, saltErr := base64.StdEncoding.DecodeString(salt64)
	hash, hashErr := base64.StdEncoding.DecodeString(hash64)
	if !ok || saltErr != nil || hashErr != nil {
		return false
	}
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(host))
	return hmac.Equal(mac.Sum(nil), hash)
}

// glob matches a text with a pattern of OpenSSH: * is any number of characters and ? is one, whatever they are.
func glob(pattern, text string) bool {
	star, after := -1, 0 // where the last * was, and up to where of the text it reaches
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, after = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			after++
			p, t = star+1, after
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// withMarker are the entries of a kind that speak of a host.
func withMarker(entries []entry, marker, host string) []entry {
	var out []entry
	for _, e := range entries {
		if e.marker == marker && e.speaksOf(host) {
			out = append(out, e)
		}
	}
	return out
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }
