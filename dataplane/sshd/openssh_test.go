package sshd

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"golang.org/x/crypto/ssh"
)

// echo stands for transfers that are authorized: it sends back what it reads.
type echo struct{}

func (echo) Serve(_ context.Context, stream io.ReadWriteCloser, peer transfer.Peer) error {
	defer stream.Close()
	peer.Authorized()
	if _, err := io.WriteString(stream, "hello "+peer.User+"\n"); err != nil {
		return err
	}
	_, err := io.Copy(stream, stream)
	return err
}

// newKey returns a key and the file that holds its private part.
func newKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, name
}

// serve runs a server whose user xfer has one key, and returns its address and the key's file.
func serve(t *testing.T, limits Limits) (port int, keyFile string) {
	t.Helper()
	return serveTransfers(t, limits, echo{})
}

func serveTransfers(t *testing.T, limits Limits, transfers Transfers) (port int, keyFile string) {
	t.Helper()
	host, _ := newKey(t)
	user, keyFile := newKey(t)
	keys := t.TempDir()
	if err := os.WriteFile(filepath.Join(keys, "xfer"), ssh.MarshalAuthorizedKey(user.PublicKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{
		HostKeys: []ssh.Signer{host}, Users: []string{"xfer"}, AuthorizedKeys: AuthorizedKeysIn(keys), Transfers: transfers,
		Limits: limits, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().(*net.TCPAddr).Port, keyFile
}

// openSSH runs the real client.
func openSSH(t *testing.T, port int, keyFile, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ssh", append([]string{
		"-F", "none", "-p", strconv.Itoa(port), "-i", keyFile, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
	}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("the OpenSSH client does not run: %v", err)
	}
	t.Logf("ssh %v: status %d, stdout %q, stderr %q", args, cmd.ProcessState.ExitCode(), out.String(), errs.String())
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestOpenSSHGetsTransfersOnly(t *testing.T) {
	port, key := serve(t, Limits{})
	if out, _, _ := openSSH(t, port, key, "ping", "xfer@127.0.0.1", "-s", Subsystem); out != "hello xfer\nping" {
		t.Errorf("the subsystem says %q", out)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"shell":         {[]string{"xfer@127.0.0.1"}, "no shell"},
		"terminal":      {[]string{"-tt", "xfer@127.0.0.1"}, ""},
		"command":       {[]string{"xfer@127.0.0.1", "id"}, "no shell and no command"},
		"sftp":          {[]string{"-s", "xfer@127.0.0.1", "sftp"}, "no sftp"},
		"stdio forward": {[]string{"-W", "127.0.0.1:" + strconv.Itoa(port), "xfer@127.0.0.1"}, "stdio forwarding failed"},
		"remote forward": {[]string{"-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9", "xfer@127.0.0.1"},
			"remote port forwarding failed"},
		"another user": {[]string{"root@127.0.0.1", "-s", Subsystem}, "Permission denied"},
		"password prompt": {[]string{"-o", "PreferredAuthentications=password", "xfer@127.0.0.1"},
			"Permission denied (publickey)"},
	} {
		t.Run(name, func(t *testing.T) {
			out, said, status := openSSH(t, port, key, "", c.args...)
			if status == 0 {
				t.Error("the client succeeds")
			}
			if !strings.Contains(out+said, c.says) {
				t.Errorf("says %q, want %q", said, c.says)
			}
		})
	}
	t.Run("local forward", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		free := l.Addr().(*net.TCPAddr).Port
		l.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "ssh", "-F", "none", "-p", strconv.Itoa(port), "-i", key,
			"-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
			"-N", "-L", strconv.Itoa(free)+":127.0.0.1:"+strconv.Itoa(port), "xfer@127.0.0.1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { cmd.Process.Kill(); cmd.Wait() }()
		var conn net.Conn
		for ctx.Err() == nil {
			if conn, err = net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(free)); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if conn == nil {
			t.Fatal("the client does not listen")
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		// A forwarded connection would greet with the SSH version of the server.
		if got, _ := io.ReadAll(conn); len(got) != 0 {
			t.Errorf("something was forwarded: %q", got)
		}
	})
}

func TestWrongKeys(t *testing.T) {
	port, _ := serve(t, Limits{})
	_, stranger := newKey(t)
	if _, said, status := openSSH(t, port, stranger, "", "xfer@127.0.0.1", "-s", Subsystem); status == 0 ||
		!strings.Contains(said, "Permission denied") {
		t.Errorf("status %d, said %q", status, said)
	}
}

// Strangers are limited by address, and room is given back when they leave.
func TestStrangersAreLimited(t *testing.T) {
	port, key := serve(t, Limits{StrangersPerIP: 3})
	addr := "127.0.0.1:" + strconv.Itoa(port)
	var idle []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
			t.Fatalf("no greeting: %v", err)
		}
		idle = append(idle, c)
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if said, err := io.ReadAll(c); string(said) != TooMany+"\r\n" {
		t.Errorf("a fourth connection hears %q (%v)", said, err)
	}
	for _, c := range idle {
		c.Close()
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, _, status := openSSH(t, port, key, "", "xfer@127.0.0.1", "-s", Subsystem); status == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the room is not given back")
		}
	}
}

func TestHandshakeIsBounded(t *testing.T) {
	port, _ := serve(t, Limits{Handshake: 200 * time.Millisecond})
	c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the server does not hang up: %v", err)
	}
}
