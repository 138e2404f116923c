package dial

import (
	"bytes"
	"net"

	"faspex.io/operator/dataplane/sshd"
)

// overheard is a connection that keeps the first bytes of the server: what it says before its version is lost on the
// SSH client, and may be that it is busy.
type overheard struct {
	net.Conn
	first [64]byte
	n     int
}

// Read keeps what comes first. It is called by one goroutine at a time.
func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	o.n += copy(o.first[o.n:], p[:n])
	return n, err
}

// busy says that the server turned the client away for want of room, in words that are OpenSSH's.
func (o *overheard) busy() bool { return bytes.HasPrefix(o.first[:o.n], []byte(sshd.TooMany)) }
