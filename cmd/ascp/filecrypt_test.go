package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/go-cmp/cmp"
)

const filePass = "correct horse battery"

// withPass runs a command line as n.ascp does, with a passphrase for files, and returns what was said as well.
func (n *testNode) withPass(t *testing.T, tok, pass string, args ...string) (status int, said string) {
	t.Helper()
	said = stderrOf(t, func() {
		status = run(n.overSSH(t, args...), func(name string) string {
			return map[string]string{"ASPERA_SCP_TOKEN": tok, "ASPERA_SCP_FILEPASS": pass}[name]
		})
	})
	return status, said
}

// sealedFolder sends files with the passphrase to /in of a new node.
func sealedFolder(t *testing.T, files map[string][]byte) (n *testNode, from string) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	n, from = startNode(t), t.TempDir()
	writeFiles(t, from, files)
	if status, _ := n.withPass(t, n.sending(t, "/in"), filePass, "--file-crypt", "encrypt", "-d", from+"/.",
		"127.0.0.1:/in"); status != 0 {
		t.Fatalf("send: exit status %d", status)
	}
	return n, from
}

func names(t *testing.T, dir string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for name := range tree(t, dir) {
		out[name] = true
	}
	return out
}

func TestFileCryptRoundTrip(t *testing.T) {
	secret := bytes.Repeat([]byte("top secret "), 1000)
	files := map[string][]byte{
		"empty": nil, "one": []byte("1"), "chunk": noise(1, atrest.DefaultChunk), "chunk and one": noise(2,
			atrest.DefaultChunk+1),
		"d/secret.txt": secret, "d/e/big": noise(3, 9<<20+17), "d/again" + atrest.Suffix: []byte("has the suffix"),
	}
	n, from := sealedFolder(t, files)
	in := filepath.Join(n.dir, "in")
	for name, content := range files {
		stored, err := os.ReadFile(filepath.Join(in, name+atrest.Suffix))
		if err != nil || int64(len(stored)) != atrest.EncryptedSize(int64(len(content)), atrest.DefaultChunk) {
			t.Errorf("%s: %v, %d bytes", name, err, len(stored))
		}
		if bytes.Contains(stored, []byte("secret")) {
			t.Errorf("%s is stored in plain", name)
		}
	}
	if got := names(t, in); len(got) != len(files)+2 {
		t.Errorf("stored: %v", got)
	}

	// The same files are the same when they are sent again, so nothing is.
	send := func() int64 {
		t.Helper()
		if status, _ := n.withPass(t, n.sending(t, "/in"), filePass, "--file-crypt", "encrypt", from+"/.",
			"127.0.0.1:/in"); status != 0 {
			t.Fatalf("send again: exit status %d", status)
		}
		return n.moved(t)
	}
	if got := send(); got != 0 {
		t.Errorf("%d bytes were sent again", got)
	}

	to := t.TempDir()
	receive := func() int64 {
		t.Helper()
		if status, _ := n.withPass(t, n.receiving(t, "/in"), filePass, "--file-crypt", "decrypt", "-p", "127.0.0.1:/in/.",
			to); status != 0 {
			t.Fatalf("receive: exit status %d", status)
		}
		if diff := cmp.Diff(tree(t, from), tree(t, to)); diff != "" {
			t.Fatalf("(-sent +received):\n%s", diff)
		}
		return n.moved(t)
	}
	receive()
	if got := receive(); got != 0 {
		t.Errorf("%d bytes were received again", got)
	}
}

func TestFileCryptPassesOtherFiles(t *testing.T) {
	n, _ := sealedFolder(t, map[string][]byte{"a": []byte("a")})
	writeFiles(t, n.dir, map[string][]byte{"in/plain": []byte("p"), "in/d/plain": []byte("q"), "in/" +
		atrest.Suffix: []byte("no name")})
	to := t.TempDir()
	if status, _ := n.withPass(t, n.receiving(t, "/in"), filePass, "--file-crypt", "decrypt", "127.0.0.1:/in/.",
		to); status != 0 {
		t.Fatalf("exit status %d", status)
	}
	want := map[string]bool{"a": true, "plain": true, "d": true, "d/plain": true, atrest.Suffix: true}
	if diff := cmp.Diff(want, names(t, to)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Without being asked to, nothing is decrypted.
	as := t.TempDir()
	if status := n.ascp(t, n.receiving(t, "/in"), "127.0.0.1:/in/.", as); status != 0 || !names(t, as)["a"+atrest.Suffix] {
		t.Errorf("exit status %d, received %v", status, names(t, as))
	}
}

func TestFileCryptNames(t *testing.T) {
	n, from := sealedFolder(t, map[string][]byte{"f": []byte("content")})
	for name, c := range map[string]struct{ asked, want string }{
		"into the folder":      {"", "f"},
		"new name":             {"/new", "new"},
		"new name with suffix": {"/new" + atrest.Suffix, "new"},
	} {
		t.Run(name, func(t *testing.T) {
			to := t.TempDir()
			status, _ := n.withPass(t, n.receiving(t, "/in"), filePass, "--file-crypt", "decrypt",
				"127.0.0.1:/in/f"+atrest.Suffix, to+c.asked)
			got, err := os.ReadFile(filepath.Join(to, c.want))
			if status != 0 || err != nil || string(got) != "content" || len(names(t, to)) != 1 {
				t.Errorf("exit status %d, %v, there are %v", status, err, names(t, to))
			}
		})
	}
	// One file is not sent to a new name: it would hide that it is encrypted.
	status, said := n.withPass(t, n.sending(t, "/in"), filePass, "--file-crypt", "encrypt", from+"/f", "127.0.0.1:/in/new")
	if status == 0 || !strings.Contains(said, "no such file or folder") {
		t.Errorf("exit status %d, said %q", status, said)
	}
	// Two files of one name are one too many.
	writeFiles(t, n.dir, map[string][]byte{"in/f": []byte("in plain")})
	to := t.TempDir()
	status, said = n.withPass(t, n.receiving(t, "/in"), filePass, "--file-crypt", "decrypt", "127.0.0.1:/in/.", to)
	if status != 1 || !strings.Contains(said, "two files of the transfer have this name") {
		t.Errorf("exit status %d, said %q", status, said)
	}
}

// faspex-R11 (the client's half): who receives what is to be decrypted is asked for the passphrase before anything arrives.
func TestPassphraseIsAsked(t *testing.T) {
	n, _ := sealedFolder(t, map[string][]byte{"f": []byte("secret")})
	to := t.TempDir()
	status, said := n.withPass(t, n.receiving(t, "/in"), "", "--file-crypt", "decrypt", "127.0.0.1:/in/.", to)
	if left, err := os.ReadDir(to); status == 0 || !strings.Contains(said, "needs a passphrase in ASPERA_SCP_FILEPASS") ||
		err != nil || len(left) != 0 {
		t.Errorf("exit status %d, said %q, %d files, %v", status, said, len(left), err)
	}
}

func TestFileCryptWrongPassphrase(t *testing.T) {
	content := noise(5, 3<<20)
	n, _ := sealedFolder(t, map[string][]byte{"f": content})
	writeFiles(t, n.dir, map[string][]byte{"in/plain": []byte("p")})
	to := t.TempDir()
	receive := func(pass string, args ...string) (int, string) {
		t.Helper()
		return n.withPass(t, n.receiving(t, "/in"), pass, append(args, "--file-crypt", "decrypt", "127.0.0.1:/in/.", to)...)
	}
	kept := map[string]bool{"f" + atrest.Suffix: true, "plain": true}
	for range 2 { // The second time it is here already, and still can't be read.
		status, said := receive("another passphrase")
		if status != 0 || !strings.Contains(said, "f.aspera-env: the passphrase is another one, the file stays encrypted") {
			t.Errorf("exit status %d, said %q", status, said)
		}
		if diff := cmp.Diff(kept, names(t, to)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	status, said := receive("another passphrase", "--fail-bad-filepass")
	if status != 1 || !strings.Contains(said, "error 49: f.aspera-env: the passphrase is another one") ||
		strings.Contains(said, "another passphrase") {
		t.Errorf("exit status %d, said %q", status, said)
	}
	if diff := cmp.Diff(kept, names(t, to)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// With the right one it is decrypted where it is.
	if status, _ := receive(filePass); status != 0 || n.moved(t) != 0 {
		t.Errorf("exit status %d, %d bytes were received again", status, n.moved(t))
	}
	got, err := os.ReadFile(filepath.Join(to, "f"))
	if err != nil || !bytes.Equal(got, content) || len(names(t, to)) != 2 {
		t.Errorf("%v, there are %v", err, names(t, to))
	}
}

func TestFileCryptTampered(t *testing.T) {
	n, _ := sealedFolder(t, map[string][]byte{"changed": noise(1, 3<<20), "cut": noise(2, 3<<20), "good": []byte("g")})
	in := filepath.Join(n.dir, "in")
	b, err := os.ReadFile(filepath.Join(in, "changed"+atrest.Suffix))
	if err != nil {
		t.Fatal(err)
	}
	b[2<<20] ^= 1
	cut, err := os.ReadFile(filepath.Join(in, "cut"+atrest.Suffix))
	if err != nil {
		t.Fatal(err)
	}
	cut = cut[:atrest.HeaderLen+2*(atrest.DefaultChunk+28)] // Whole chunks are missing.
	writeFiles(t, in, map[string][]byte{"changed" + atrest.Suffix: b, "cut" + atrest.Suffix: cut, "foreign" +
		atrest.Suffix: []byte("of another program")})
	to := t.TempDir()
	status, said := n.withPass(t, n.receiving(t, "/in"), filePass, "--file-crypt", "decrypt", "127.0.0.1:/in/.", to)
	if status != 1 || strings.Count(said, "the encrypted file is damaged, it stays as it is") != 2 ||
		!strings.Contains(said, "foreign.aspera-env: not an encrypted file") || !strings.Contains(said,
		"error 27: 3 of 4 files failed") {
		t.Errorf("exit status %d, said %q", status, said)
	}
	want := map[string]bool{"changed" + atrest.Suffix: true, "cut" + atrest.Suffix: true, "foreign" + atrest.Suffix: true,
		"good": true}
	if diff := cmp.Diff(want, names(t, to)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFileCryptKilledSenderResumes(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	n, from, to := startNode(t), t.TempDir(), t.TempDir()
	content := noise(1, cutSize)
	writeFiles(t, from, map[string][]byte{"f": content})
	tok, file := n.sending(t, "/in"), filepath.Join(n.dir, "in/f"+atrest.Suffix)
	cmd := process(t, "ascp", tok, n.overSSH(t, "-l", "200M", "--file-crypt", "encrypt", "-d", from+"/f",
		"127.0.0.1:/in")...)
	cmd.Env = append(cmd.Env, "ASPERA_SCP_FILEPASS="+filePass)
	startProcess(t, cmd)
	waitForPart(t, file, enough)
	cmd.Process.Kill()
	cmd.Wait()
	n.recorder.Last(t).Ended(t)
	there := journaled(file)
	if status, _ := n.withPass(t, tok, filePass, "--file-crypt", "encrypt", "-d", from+"/f",
		"127.0.0.1:/in"); status != 0 {
		t.Fatalf("exit status %d", status)
	}
	if missing := atrest.EncryptedSize(cutSize, atrest.DefaultChunk) - there; n.moved(t) > missing+chunk {
		t.Errorf("%d bytes were sent again, %d were missing", n.moved(t), missing)
	}
	if status, _ := n.withPass(t, n.receiving(t, "/in"), filePass, "--file-crypt", "decrypt", "127.0.0.1:/in/.",
		to); status != 0 {
		t.Fatalf("receive: exit status %d", status)
	}
	if got, err := os.ReadFile(filepath.Join(to, "f")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%v, %d bytes", err, len(got))
	}
}

func TestFileCryptKilledReceiverResumes(t *testing.T) {
	content := noise(3, cutSize)
	n, _ := sealedFolder(t, map[string][]byte{"f": content})
	to := t.TempDir()
	tok, file := n.receiving(t, "/in"), filepath.Join(to, "f"+atrest.Suffix)
	cmd := process(t, "ascp", tok, n.overSSH(t, "-l", "200M", "--file-crypt", "decrypt", "127.0.0.1:/in/.", to)...)
	cmd.Env = append(cmd.Env, "ASPERA_SCP_FILEPASS="+filePass)
	startProcess(t, cmd)
	waitForPart(t, file, enough)
	cmd.Process.Kill()
	cmd.Wait()
	n.recorder.Last(t).Ended(t)
	there := journaled(file)
	if status, _ := n.withPass(t, tok, filePass, "--file-crypt", "decrypt", "127.0.0.1:/in/.", to); status != 0 {
		t.Fatalf("exit status %d", status)
	}
	if missing := atrest.EncryptedSize(cutSize, atrest.DefaultChunk) - there; n.moved(t) > missing+chunk {
		t.Errorf("%d bytes were received again, %d were missing", n.moved(t), missing)
	}
	got, err := os.ReadFile(filepath.Join(to, "f"))
	if err != nil || !bytes.Equal(got, content) || len(names(t, to)) != 1 {
		t.Errorf("%v, %d bytes, there are %v", err, len(got), names(t, to))
	}
}

func TestFileCryptBySpec(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	n, from, to := startNode(t), t.TempDir(), t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("content")})
	spec := transferspec.Spec{
		RemoteHost: "127.0.0.1", RemoteUser: "xfer", SSHPort: n.sshPort, Direction: transferspec.Send, Token: n.sending(t,
			"/in"), DestinationRoot: "/in",
		Paths: []transferspec.Path{{Source: from + "/f"}}, ContentProtection: "encrypt", ContentProtectionPassword: filePass,
	}
	runSpec := func(pass string) (int, string) {
		t.Helper()
		text, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "spec")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return n.withPass(t, "", pass, "--transfer-spec", name)
	}
	if status, said := runSpec(""); status != 0 {
		t.Fatalf("send: %s", said)
	}
	if got := names(t, filepath.Join(n.dir, "in")); !got["f"+atrest.Suffix] {
		t.Errorf("stored: %v", got)
	}
	spec.Direction, spec.Token, spec.DestinationRoot, spec.ContentProtection = transferspec.Receive, n.receiving(t,
		"/in"), to, "decrypt"
	spec.Paths, spec.ContentProtectionPassword = []transferspec.Path{{Source: "/in/f" + atrest.Suffix}}, ""
	if status, said := runSpec(""); status != 1 || !strings.Contains(said, "needs a passphrase") {
		t.Errorf("exit status %d, said %q", status, said)
	}
	if status, said := runSpec(filePass); status != 0 {
		t.Errorf("receive: %s", said)
	}
	if got, err := os.ReadFile(filepath.Join(to, "f")); err != nil || string(got) != "content" {
		t.Errorf("%v, %q", err, got)
	}
}

func TestSaltSeed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seeds := make(chan string, 8)
	for range cap(seeds) {
		go func() {
			seed, err := saltSeed(dir)
			if err != nil {
				t.Error(err)
			}
			seeds <- string(seed)
		}()
	}
	first := <-seeds
	for range cap(seeds) - 1 {
		if other := <-seeds; other != first || len(first) != seedLen {
			t.Errorf("seeds %x and %x", first, other)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "faspex/ascp-salt-seed"))
	if err != nil || info.Mode().Perm() != 0o600 || len(names(t, dir)) != 2 {
		t.Errorf("%v, %v, there are %v", err, info, names(t, dir))
	}
	if err := os.Truncate(filepath.Join(dir, "faspex/ascp-salt-seed"), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := saltSeed(dir); err == nil {
		t.Error("a seed that was cut: no error")
	}
}
