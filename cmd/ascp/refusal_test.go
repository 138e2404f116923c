package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/test/nodetest"
	"golang.org/x/crypto/ssh"
)

// stderrOf returns what a function writes to standard error.
func stderrOf(t *testing.T, fn func()) string {
	t.Helper()
	old := os.Stderr
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = w
	said := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		said <- string(b)
	}()
	fn()
	os.Stderr = old
	w.Close()
	text := <-said
	t.Logf("stderr: %s", text)
	return text
}

func TestRefusals(t *testing.T) {
	n := startNode(t)
	from, outside := t.TempDir(), t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	writeFiles(t, n.dir, map[string][]byte{"out/f": []byte("x"), "secret/f": []byte("s")})
	for _, name := range []string{"in", "allowed"} {
		if err := os.MkdirAll(filepath.Join(n.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// Links that lead out of what is granted, inside and outside of the storage root.
	for link, target := range map[string]string{"allowed/root": outside, "allowed/secret": "../secret",
		"out/link": "../secret"} {
		if err := os.Symlink(target, filepath.Join(n.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, n.dir)
	expired := n.grant(t, token.Grant{Direction: token.Send, Paths: []token.Path{{Destination: "/in"}},
		ExpiresAt: time.Now().Add(-time.Minute)})
	good, other := n.sending(t, "/in"), n.sending(t, "/allowed")
	send := func(to string) []string { return []string{from + "/f", "127.0.0.1:" + to} }
	for name, c := range map[string]struct {
		token string
		args  []string
		code  fail.Code
		says  string
	}{
		"neither token nor key": {"", send("/in"), 19, "neither a token"},
		"stranger's key, no token": {"", append([]string{"-i", rsaKey(t)}, send("/in")...), 19,
			"does not accept the SSH key"},
		"wrong token":          {good[:len(good)-8] + "AAAAAATA", send("/in"), 37, "token is invalid"},
		"expired token":        {expired, send("/in"), 37, "has expired"},
		"wrong direction":      {n.receiving(t, "/in"), send("/in"), 37, "other direction"},
		"path outside":         {good, send("/elsewhere"), 41, "not allowed"},
		"climbing path":        {good, send("/in/../secret/f"), 41, "not allowed"},
		"link to a sibling":    {other, send("/allowed/secret/g"), 41, "symbolic link"},
		"link out of the root": {other, send("/allowed/root/g"), 41, "symbolic link"},
		"wrong key": {good, append([]string{"-i", rsaKey(t)}, send("/in")...), 19,
			"does not accept the SSH key"},
		"unknown user": {good, []string{from + "/f", "root@127.0.0.1:/in"}, 19, "does not know user \"root\""},
		"wrong host key": {good, append([]string{"--check-sshfp", strings.Repeat("ab", 20)}, send("/in")...), 51,
			"host key"},
		"folder that is not there": {good, send("/in/no/such/"), 4, "no such file or folder"},
		"no such source":           {good, []string{from + "/g", "127.0.0.1:/in"}, 4, "no such file"},
		"weak cipher":              {good, append([]string{"-c", "none"}, send("/in")...), 8, "not permitted by this server"},
		"receive what is outside":  {n.receiving(t, "/out"), []string{"127.0.0.1:/secret/f", t.TempDir()}, 41, "not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			var status int
			said := stderrOf(t, func() { status = n.ascp(t, c.token, c.args...) })
			if status != 1 {
				t.Errorf("exit status %d", status)
			}
			if want := "ascp: error " + strconv.Itoa(int(c.code)) + ":"; !strings.Contains(said, want) ||
				!strings.Contains(said, c.says) {
				t.Errorf("said %q, want %q and %q", said, want, c.says)
			}
			if c.token != "" && strings.Contains(said, c.token) {
				t.Error("the token is printed")
			}
		})
	}
	after := tree(t, n.dir)
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s was written", name)
		}
	}
	if got, _ := os.ReadDir(outside); len(got) > 0 {
		t.Errorf("written outside of the storage root: %v", got)
	}

	t.Run("link in the path of a pair", func(t *testing.T) {
		pairs := filepath.Join(t.TempDir(), "pairs")
		if err := os.WriteFile(pairs, []byte(from+"/f\n/allowed/secret/g\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		tok := n.grant(t, token.Grant{Direction: token.Send, Paths: []token.Path{{Source: "f",
			Destination: "/allowed/secret/g"}}})
		var status int
		said := stderrOf(t, func() {
			status = n.ascp(t, tok, "--mode=send", "--host=127.0.0.1", "--file-pair-list="+pairs, "/")
		})
		if status != 1 || !strings.Contains(said, "symbolic link") {
			t.Errorf("status %d, said %q", status, said)
		}
		if _, err := os.Stat(filepath.Join(n.dir, "secret/g")); err == nil {
			t.Error("the file was written")
		}
	})
	t.Run("links in a download", func(t *testing.T) {
		to := t.TempDir()
		var status int
		said := stderrOf(t, func() { status = n.ascp(t, n.receiving(t, "/out"), "127.0.0.1:/out", to) })
		if status != 1 || !strings.Contains(said, "error 27") || !strings.Contains(said, "out/link") {
			t.Errorf("status %d, said %q", status, said)
		}
		if got := tree(t, to); len(got) != 2 || got["out/f"] == "" {
			t.Errorf("received %v", got)
		}
	})
	t.Run("links skipped", func(t *testing.T) {
		if status := n.ascp(t, n.receiving(t, "/out"), "--symbolic-links", "skip", "127.0.0.1:/out",
			t.TempDir()); status != 0 {
			t.Errorf("status %d", status)
		}
	})
}

// The command lines of archives have -T. Where the server permits no clear data it is encrypted, and a person told so.
func TestNoEncryptionIsAWish(t *testing.T) {
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	writeFiles(t, n.dir, map[string][]byte{"out/f": []byte("x")})
	for name, args := range map[string][]string{"up": {from + "/f", "127.0.0.1:/"},
		"down": {"127.0.0.1:/out/f", t.TempDir()}} {
		tok := n.sending(t, "/")
		if name == "down" {
			tok = n.receiving(t, "/")
		}
		var status int
		said := stderrOf(t, func() { status = n.ascp(t, tok, append([]string{"-T"}, args...)...) })
		if status != 0 || !strings.Contains(said, "encrypted with aes-128-gcm") {
			t.Errorf("%s: status %d, said %q", name, status, said)
		}
	}
}

func TestKeys(t *testing.T) {
	keyFile := rsaKey(t)
	pem, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	withKeys := func(tokenless bool) *testNode {
		return startNode(t, func(s *transfer.Server, c *sshd.Config) {
			c.AuthorizedKeys = func(string) ([]ssh.PublicKey, error) { return []ssh.PublicKey{own.PublicKey()}, nil }
			if tokenless {
				s.Authorizer.(*token.Verifier).Users = map[string]token.UserRules{"xfer": {Incoming: token.ModeAllow}}
			}
		})
	}
	t.Run("own key and token", func(t *testing.T) {
		n := withKeys(false)
		if status := n.ascp(t, n.sending(t, "/"), "-i", keyFile, from+"/f", "127.0.0.1:/"); status != 0 {
			t.Errorf("status %d", status)
		}
	})
	t.Run("own key without token", func(t *testing.T) {
		n := withKeys(false)
		var status int
		said := stderrOf(t, func() { status = n.ascp(t, "", "-i", keyFile, from+"/f", "127.0.0.1:/") })
		if status != 1 || !strings.Contains(said, "error 37") || !strings.Contains(said, "token is missing") {
			t.Errorf("status %d, said %q", status, said)
		}
	})
	t.Run("own key without token where that is allowed", func(t *testing.T) {
		n := withKeys(true)
		if status := n.ascp(t, "", "-i", keyFile, from+"/f", "127.0.0.1:/g"); status != 0 {
			t.Errorf("status %d", status)
		}
	})
	t.Run("host key by fingerprint", func(t *testing.T) {
		n := withKeys(false)
		if status := n.ascp(t, n.sending(t, "/"), "--check-sshfp", ssh.FingerprintSHA256(n.hostKey), from+"/f",
			"127.0.0.1:/"); status != 0 {
			t.Errorf("status %d", status)
		}
	})
}

func TestUnreachable(t *testing.T) {
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().(*net.TCPAddr).Port
	l.Close()
	t.Run("ssh", func(t *testing.T) {
		var status int
		said := stderrOf(t, func() {
			status = run([]string{"-q", "-W", "T", "-P", strconv.Itoa(closed), from + "/f", "127.0.0.1:/"},
				func(string) string { return "" })
		})
		if status != 1 || !strings.Contains(said, "error 12: host unreachable") || !strings.Contains(said,
			"connection refused") {
			t.Errorf("status %d, said %q", status, said)
		}
	})
	t.Run("udp", func(t *testing.T) {
		n := startNode(t)
		var status int
		said := stderrOf(t, func() { status = n.ascp(t, n.sending(t, "/"), "-O", "9", from+"/f", "127.0.0.1:/") })
		if status != 1 || !strings.Contains(said, "error 15") || !strings.Contains(said, "UDP port 9 of 127.0.0.1") {
			t.Errorf("status %d, said %q", status, said)
		}
		if o, _ := n.recorder.Last(t).Ended(t); o.Code != 15 {
			t.Errorf("recorded %+v", o)
		}
	})
}

func TestServerGoesAway(t *testing.T) {
	t.Parallel()
	for _, webSocket := range []bool{false, true} {
		t.Run(map[bool]string{false: "SSH", true: "WebSocket"}[webSocket], func(t *testing.T) {
			dir, from := t.TempDir(), t.TempDir()
			writeFiles(t, from, map[string][]byte{"f": noise(9, 32<<20)})
			n := &testNode{dir: dir, keys: newKeys(t), recorder: &nodetest.Recorder{}}
			ctx, cancel := context.WithCancel(t.Context())
			wait, err := n.start(ctx, "127.0.0.1:0", discard())
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"-P", strconv.Itoa(n.sshPort), "-q", "-l", "100M", from + "/f", "127.0.0.1:/"}
			if webSocket {
				args = append([]string{"--ws-connect", "-i", n.trust(t), "-P", strconv.Itoa(n.wssPort)}, args[2:]...)
			}
			var said bytes.Buffer
			cmd := process(t, "ascp", n.sending(t, "/"), args...)
			cmd.Stderr = &said
			startProcess(t, cmd)
			waitForPart(t, filepath.Join(dir, "f"), 2*chunk)
			cancel()
			wait()
			if err := cmd.Wait(); err == nil {
				t.Error("the client does not fail")
			}
			if !strings.Contains(said.String(), "error 39: the server is shutting down, run again to resume") {
				t.Errorf("the client says %q", said.String())
			}
			if _, err := os.Stat(filepath.Join(dir, "f")); !errors.Is(err, os.ErrNotExist) {
				t.Error("the file has its name")
			}
		})
	}
}
