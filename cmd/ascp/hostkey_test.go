package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// stranger is a person with a home of their own who sends one file.
type stranger struct {
	home, file string
	flags      []string
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	s := &stranger{home: t.TempDir(), file: filepath.Join(t.TempDir(), "f")}
	if err := os.WriteFile(s.file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stranger) knownHosts() string { return filepath.Join(s.home, ".ssh", "known_hosts") }

// remembered are the lines of known_hosts.
func (s *stranger) remembered(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.knownHosts())
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

func (s *stranger) knows(t *testing.T, lines ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.knownHosts()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.knownHosts(), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sends has ascp, as a process, send the file to a node.
func (s *stranger) sends(t *testing.T, n *testNode, flags ...string) (said string, ok bool) {
	t.Helper()
	args := slices.Concat([]string{"-P", strconv.Itoa(n.sshPort)}, s.flags, flags, []string{s.file, "127.0.0.1:/"})
	return s.runs(t, process(t, "ascp", n.sending(t, "/"), args...))
}

func (s *stranger) runs(t *testing.T, cmd *exec.Cmd) (said string, ok bool) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stderr = &out
	cmd.Env = append(cmd.Env, "HOME="+s.home)
	err := cmd.Run()
	t.Logf("ascp says: %s", out.String())
	return out.String(), err == nil
}

// withHostKey is a node with another host key than that of all others.
func withHostKey(t *testing.T) change {
	t.Helper()
	pem, err := os.ReadFile(rsaKey(t))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	return func(_ *transfer.Server, c *sshd.Config) { c.HostKeys = []ssh.Signer{key} }
}

func (n *testNode) address() string { return "127.0.0.1:" + strconv.Itoa(n.sshPort) }

func TestHostKeyIsRememberedAndSaid(t *testing.T) {
	t.Parallel()
	n, s := startNode(t), newStranger(t)
	said, ok := s.sends(t, n)
	if !ok || !strings.Contains(said, ssh.FingerprintSHA256(n.hostKey)) || !strings.Contains(said,
		"remembered in "+s.knownHosts()) {
		t.Errorf("first: %v, %q", ok, said)
	}
	if want := knownhosts.Line([]string{n.address()}, n.hostKey) + "\n"; s.remembered(t) != want {
		t.Errorf("remembered %q, want %q", s.remembered(t), want)
	}
	for name, mode := range map[string]os.FileMode{s.knownHosts(): 0o600,
		filepath.Dir(s.knownHosts()): 0o700 | os.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	before := s.remembered(t)
	if said, ok := s.sends(t, n); !ok || strings.Contains(said, "host key") {
		t.Errorf("second: %v, %q", ok, said)
	}
	if s.remembered(t) != before {
		t.Errorf("remembered again: %q", s.remembered(t))
	}
}

// A program that shows no standard error to anybody reads the manager's events; all others see the line, -q or not.
func TestHostKeyIsSaidToThoseWhoAskForQuiet(t *testing.T) {
	t.Parallel()
	n, s := startNode(t), newStranger(t)
	if said, ok := s.sends(t, n, "-q"); !ok || !strings.Contains(said, "remembered in") {
		t.Errorf("%v, %q", ok, said)
	}
}

func TestHostKeyThatChangedIsRefused(t *testing.T) {
	t.Parallel()
	n, s := startNode(t), newStranger(t)
	if _, ok := s.sends(t, n); !ok {
		t.Fatal("the first transfer fails")
	}
	// Somebody in between shows another key at the same address.
	other := startNode(t, withHostKey(t))
	relay := startRelay(t, other.sshPort)
	s.knows(t, knownhosts.Line([]string{"127.0.0.1:" + relay.port()}, n.hostKey))
	before := s.remembered(t)
	said, ok := s.runs(t, process(t, "ascp", other.sending(t, "/"), "-P", relay.port(), s.file, "127.0.0.1:/"))
	if ok || len(tree(t, other.dir)) > 0 {
		t.Errorf("sent to who shows another key: %v", tree(t, other.dir))
	}
	for _, want := range []string{
		"error 51", "has changed", ssh.FingerprintSHA256(n.hostKey), ssh.FingerprintSHA256(other.hostKey), s.knownHosts() +
			":1",
		"ssh-keygen -f '" + s.knownHosts() + "' -R '[127.0.0.1]:" + relay.port() + "'",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q does not say %q", said, want)
		}
	}
	if s.remembered(t) != before {
		t.Errorf("remembered: %q", s.remembered(t))
	}
}

func TestHostKeyPinIsTheOnlyGoodOne(t *testing.T) {
	t.Parallel()
	n, other, s := startNode(t), startNode(t, withHostKey(t)), newStranger(t)
	right, wrong := ssh.FingerprintSHA256(n.hostKey), ssh.FingerprintSHA256(other.hostKey)
	spec := func(sshfp string) string {
		name := filepath.Join(t.TempDir(), "spec")
		err := os.WriteFile(name, []byte(`{"direction":"send","remote_host":"127.0.0.1","ssh_port":`+
			strconv.Itoa(n.sshPort)+`,"destination_root":"/",
			"paths":[{"source":"`+s.file+`"}],"sshfp":"`+sshfp+`"}`), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	runs := func(args ...string) (string, bool) { return s.runs(t, process(t, "ascp", n.sending(t, "/"), args...)) }
	// The host is known by the key that it shows: that counts for nothing beside a fingerprint.
	s.knows(t, knownhosts.Line([]string{n.address()}, n.hostKey))
	for name, run := range map[string]func() (string, bool){
		"spec":   func() (string, bool) { return runs("--transfer-spec", spec(wrong)) },
		"option": func() (string, bool) { return s.sends(t, n, "--check-sshfp", wrong) },
	} {
		said, ok := run()
		if ok || !strings.Contains(said, "error 51") || !strings.Contains(said, "expected "+wrong) || !strings.Contains(said,
			right) {
			t.Errorf("%s: %v, %q", name, ok, said)
		}
	}
	// And it is known by another: that is no objection to the right fingerprint.
	s.knows(t, knownhosts.Line([]string{n.address()}, other.hostKey))
	before := s.remembered(t)
	for _, run := range []func() (string, bool){
		func() (string, bool) { return runs("--transfer-spec", spec(right)) },
		func() (string, bool) { return s.sends(t, n, "--check-sshfp", right) },
	} {
		if said, ok := run(); !ok || said != "" {
			t.Errorf("%v, %q", ok, said)
		}
	}
	if s.remembered(t) != before {
		t.Errorf("remembered: %q", s.remembered(t))
	}
}

func TestHostKeyWithoutAHome(t *testing.T) {
	for name, home := range map[string]string{"no home": "", "a file": "/dev/null", "read-only": "/proc",
		"relative": "."} {
		t.Run(name, func(t *testing.T) {
			n, s := startNode(t), newStranger(t)
			s.home = home
			t.Chdir(t.TempDir())
			for range 2 {
				said, ok := s.sends(t, n)
				if !ok || !strings.Contains(said, ssh.FingerprintSHA256(n.hostKey)) || !strings.Contains(said,
					"can't be remembered") {
					t.Errorf("%v, %q", ok, said)
				}
			}
			if got := tree(t, "."); len(got) > 0 {
				t.Errorf("written into the working directory: %v", got)
			}
		})
	}
}

// Without a home, no file of the working directory stands for that of the home.
func TestHostKeyOfTheWorkingDirectoryIsNobodys(t *testing.T) {
	n, other, s := startNode(t), startNode(t, withHostKey(t)), newStranger(t)
	s.home = t.TempDir()
	s.knows(t, knownhosts.Line([]string{n.address()}, other.hostKey))
	t.Chdir(s.home)
	s.home = ""
	if said, ok := s.sends(t, n); !ok {
		t.Errorf("said %q", said)
	}
}

func TestHostKeyOfParallelProcesses(t *testing.T) {
	t.Parallel()
	n, s := startNode(t), newStranger(t)
	s.knows(t, "# a line without its end")
	text := strings.TrimSuffix(s.remembered(t), "\n")
	if err := os.WriteFile(s.knownHosts(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			to := "127.0.0.1:/" + strconv.Itoa(i)
			cmd := process(t, "ascp", n.sending(t, "/"), "-P", strconv.Itoa(n.sshPort), "-q", s.file, to)
			if said, ok := s.runs(t, cmd); !ok {
				t.Errorf("session %d: %s", i, said)
			}
		})
	}
	group.Wait()
	if want := text + "\n" + knownhosts.Line([]string{n.address()}, n.hostKey) + "\n"; s.remembered(t) != want {
		t.Errorf("remembered %q, want %q", s.remembered(t), want)
	}
}

// A line that nobody can read harms nobody, whatever is wrong with it.
func TestHostKeyBesideBadLines(t *testing.T) {
	t.Parallel()
	n, other, s := startNode(t), startNode(t, withHostKey(t)), newStranger(t)
	for name, bad := range map[string]string{
		"words":             "not a line of known_hosts",
		"key of no type":    "old.example ssh-foo AAAAB3NzaFOO",
		"no base64":         "old.example ssh-rsa AAAA!!!",
		"damaged hash":      "|1|damaged|hash ssh-rsa AAAA",
		"hash of the host":  "|1|damaged " + serialized(n.hostKey),
		"one word":          n.address(),
		"no key":            knownhosts.Normalize(n.address()) + " ssh-ed25519",
		"another type":      knownhosts.Normalize(n.address()) + " ssh-rsa " + strings.Fields(serialized(other.hostKey))[1],
		"unknown marker":    "@trusted " + knownhosts.Line([]string{n.address()}, other.hostKey),
		"two markers":       "@cert-authority @revoked * " + serialized(n.hostKey),
		"revoked nonsense":  "@revoked * ssh-ed25519 AAAA",
		"control bytes":     "\x00\xff\xfe\x1b[2J",
		"a very long line":  strings.Repeat("x", 1<<20),
		"the first version": "127.0.0.1 1024 35 1234567",
	} {
		t.Run(name, func(t *testing.T) {
			s.knows(t, bad, knownhosts.Line([]string{n.address()}, n.hostKey))
			before := s.remembered(t)
			if said, ok := s.sends(t, n); !ok || said != "" {
				t.Errorf("the right key: %v, %q", ok, said)
			}
			if s.remembered(t) != before {
				t.Error("known_hosts has changed")
			}
			s.knows(t, bad, knownhosts.Line([]string{n.address()}, other.hostKey))
			if said, ok := s.sends(t, n); ok || !strings.Contains(said, "error 51") || !strings.Contains(said,
				s.knownHosts()+":2") {
				t.Errorf("the wrong key: %v, %q", ok, said)
			}
		})
	}
}

func serialized(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func TestHostKeyThatIsRevoked(t *testing.T) {
	t.Parallel()
	n, s := startNode(t), newStranger(t)
	line := knownhosts.Line([]string{n.address()}, n.hostKey)
	for name, c := range map[string]struct {
		lines []string
		flags []string
	}{
		"alone":            {lines: []string{"@revoked " + line}},
		"for all hosts":    {lines: []string{"@revoked * " + serialized(n.hostKey)}},
		"for another host": {lines: []string{"@revoked other.example " + serialized(n.hostKey)}},
		"known before":     {lines: []string{line, "@revoked * " + serialized(n.hostKey)}},
		"pinned": {lines: []string{"@revoked * " + serialized(n.hostKey)}, flags: []string{"--check-sshfp",
			ssh.FingerprintSHA256(n.hostKey)}},
	} {
		t.Run(name, func(t *testing.T) {
			s.knows(t, c.lines...)
			said, ok := s.sends(t, n, c.flags...)
			if ok || !strings.Contains(said, "error 51") || !strings.Contains(said, "is revoked") || !strings.Contains(said,
				s.knownHosts()+":"+strconv.Itoa(len(c.lines))) {
				t.Errorf("%v, %q", ok, said)
			}
		})
	}
}

// What ascp remembers, OpenSSH takes for known, and the other way round.
func TestHostKeyForOpenSSH(t *testing.T) {
	t.Parallel()
	n, s := startNode(t), newStranger(t)
	if said, ok := s.sends(t, n); !ok {
		t.Fatal(said)
	}
	if said, known := s.openSSH(t, n); !known {
		t.Errorf("OpenSSH does not know what ascp remembers: %s", said)
	}
	if out, err := exec.Command("ssh-keygen", "-f", s.knownHosts(), "-H").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text := s.remembered(t); !strings.HasPrefix(text, "|1|") {
		t.Fatalf("not hashed: %q", text)
	}
	if said, ok := s.sends(t, n); !ok || said != "" {
		t.Errorf("ascp does not know what is hashed: %v, %q", ok, said)
	}
	// In a file of hashed names a further one is hashed as well.
	second := startNode(t)
	if said, ok := s.sends(t, second); !ok || !strings.Contains(said, "remembered") {
		t.Errorf("%v, %q", ok, said)
	}
	if text := s.remembered(t); strings.Count(text, "|1|") != 2 || strings.Contains(text, "127.0.0.1") {
		t.Errorf("a name is readable: %q", text)
	}
	if said, known := s.openSSH(t, second); !known {
		t.Errorf("OpenSSH does not know what ascp remembers: %s", said)
	}
	out, err := exec.Command("ssh-keygen", "-f", s.knownHosts(), "-R",
		knownhosts.Normalize(second.address())).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if said, known := s.openSSH(t, second); known {
		t.Errorf("not removed: %s", said)
	}
}

// openSSH reports whether the OpenSSH client takes a node's key for known.
func (s *stranger) openSSH(t *testing.T, n *testNode) (said string, known bool) {
	t.Helper()
	out, err := exec.Command("ssh", "-F", "none", "-p", strconv.Itoa(n.sshPort), "-o", "BatchMode=yes", "-o",
		"StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile="+s.knownHosts(), "-o", "GlobalKnownHostsFile=/dev/null", "xfer@127.0.0.1").CombinedOutput()
	if err == nil {
		t.Fatal("OpenSSH logs in without a key")
	}
	return string(out), strings.Contains(string(out), "Permission denied")
}
