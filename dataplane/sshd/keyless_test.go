package sshd

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Only a client that says that it has a token gets in without a key, and only as a transfer user.
func TestKeyless(t *testing.T) {
	port, _ := serve(t, Limits{})
	for name, c := range map[string]struct {
		version, user string
		in            bool
	}{
		"client with a token":    {TokenClientVersion, "xfer", true},
		"user that is not there": {TokenClientVersion, "root", false},
		"client without a token": {ClientVersion, "xfer", false},
		"scanner":                {"SSH-2.0-OpenSSH_10.0", "xfer", false},
		"almost":                 {TokenClientVersion + "s", "xfer", false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := ssh.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), &ssh.ClientConfig{
				User: c.user, ClientVersion: c.version, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
			})
			if err == nil {
				client.Close()
			}
			if (err == nil) != c.in {
				t.Errorf("error %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), "unable to authenticate") {
				t.Errorf("error %v", err)
			}
		})
	}
}
