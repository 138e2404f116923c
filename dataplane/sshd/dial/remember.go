package dial

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Tries for the lock of known_hosts. Its holders read and append a line, so one second is plenty; who stopped in the middle of it
// holds up nobody for longer.
const (
	lockTries = 50
	lockPause = 20 * time.Millisecond
)

// plainName is a name that means itself in known_hosts. A name with * or a comma would stand for other hosts as well.
var plainName = regexp.MustCompile(`^[a-z0-9_.:%\[\]-]+$`)

// remember appends a key to the file of known hosts. Processes that meet the host at the same time take turns: the first appends its
// key, which those that follow are judged by (TestHostKeyOfParallelProcesses). It reports whether this call wrote the line; the error is
// a *hostKeyError if another process has remembered another key meanwhile.
func (h *HostKey) remember(addr string, key ssh.PublicKey) (kept bool, err error) {
	host, _ := names(addr)
	switch {
	case h.Remember == "":
		return false, errors.New("there is no home folder")
	case !plainName.MatchString(host):
		return false, fmt.Errorf("%q is no name of one host", host)
	}
	if err := os.MkdirAll(filepath.Dir(h.Remember), 0o700); err != nil {
		return false, err
	}
	f, err := os.OpenFile(h.Remember, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false, errors.Join(err, fmt.Errorf("%s is not a file", h.Remember))
	}
	if err := lock(f); err != nil {
		return false, err
	}
	entries, _ := readKnownHosts(h.KnownHosts)
	if known, err := judge(entries, addr, key); known || err != nil {
		return false, err
	}
	former, err := io.ReadAll(f)
	if err != nil {
		return false, err
	}
	// One call of Write: OpenSSH appends without the lock.
	if _, err := f.Write(newLine(former, host, key)); err != nil {
		return false, err
	}
	return true, nil
}

// newLine is what to append to a file so that it has a host's key: the name is hashed if others are.
func newLine(former []byte, host string, key ssh.PublicKey) []byte {
	var b bytes.Buffer
	if len(former) > 0 && former[len(former)-1] != '\n' {
		b.WriteByte('\n') // The last line was cut.
	}
	if bytes.HasPrefix(former, []byte("|1|")) || bytes.Contains(former, []byte("\n|1|")) {
		host = knownhosts.HashHostname(host)
	}
	b.WriteString(strings.Join([]string{host, key.Type(), base64.StdEncoding.EncodeToString(key.Marshal())}, " ") + "\n")
	return b.Bytes()
}

// lock waits for the lock of a file; closing the file gives it up. Where the file system has no locks it does without: a line is
// written by one call.
func lock(f *os.File) error {
	for range lockTries {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil, errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
		time.Sleep(lockPause)
	}
	return fmt.Errorf("%s is locked by another program", f.Name())
}
