package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/sshd/wellknown"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func writeKey(t *testing.T, key any) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// tree lists a folder: files with a digest of their content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		if d.IsDir() {
			out[name] = "folder"
			return nil
		}
		if d.Type()&fs.ModeSymlink != 0 {
			out[name] = "link"
			return nil
		}
		b, err := os.ReadFile(p)
		out[name] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSendAndReceive(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, back := t.TempDir(), t.TempDir()
	files := map[string][]byte{
		"empty": nil, "Größe & Maß (Entwurf).txt": []byte("äöü"), "big": noise(1, 20<<20+5), "日本/語": []byte("1"),
	}
	for i := range 2000 {
		files[fmt.Sprintf("small/%d/file %d", i%20, i)] = noise(byte(i), i%5000)
	}
	writeFiles(t, from, files)
	if err := os.MkdirAll(filepath.Join(from, "empty folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if status := n.ascp(t, n.sending(t, "/inbox/p1"), "-d", from+"/.", "xfer@127.0.0.1:/inbox/p1"); status != 0 {
		t.Fatalf("send: exit status %d", status)
	}
	if diff := cmp.Diff(tree(t, from), tree(t, filepath.Join(n.dir, "inbox/p1"))); diff != "" {
		t.Fatalf("sent (-source +destination):\n%s", diff)
	}
	o, p := n.recorder.Last(t).Ended(t)
	if o.Status != "completed" || o.Code != 0 {
		t.Errorf("recorded %+v", o)
	}
	if p.FilesCompleted != 2004 || p.BytesTransferred == 0 || p.BytesExpected != p.BytesTransferred {
		t.Errorf("recorded %+v", p)
	}

	if status := n.ascp(t, n.receiving(t, "/inbox/p1"), "--mode", "recv", "--host", "127.0.0.1", "--source-prefix64",
		"L2luYm94L3Ax", ".", back); status != 0 {
		t.Fatalf("receive: exit status %d", status)
	}
	if diff := cmp.Diff(tree(t, from), tree(t, back)); diff != "" {
		t.Errorf("received (-source +destination):\n%s", diff)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"a": []byte("a"), "d/b": []byte("b"), "d/e/c": []byte("c"),
		".h/.i": []byte("h")})
	if err := os.MkdirAll(filepath.Join(n.dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	pairs := filepath.Join(t.TempDir(), "pairs")
	if err := os.WriteFile(pairs, []byte(from+"/a\nx/one\n"+from+"/d/b\nx/two\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tok := n.sending(t, "/in")
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"file into folder": {[]string{from + "/a", "127.0.0.1:/in"}, []string{"a"}},
		"file to new name": {[]string{from + "/a", "127.0.0.1:/in/renamed"}, []string{"renamed"}},
		"folder":           {[]string{from + "/d", "127.0.0.1:/in"}, []string{"d", "d/b", "d/e", "d/e/c"}},
		"new folder":       {[]string{"-d", from + "/a", from + "/d/b", "127.0.0.1:/in/n"}, []string{"n", "n/a", "n/b"}},
		"base":             {[]string{"--src-base64", "L2Jhc2U=", from + "/a", "127.0.0.1:/in"}, []string{"a"}},
		"beneath a base": {[]string{"--src-base=" + from, from + "/.h", from + "/d/b", "127.0.0.1:/in"},
			[]string{".h", ".h/.i", "d", "d/b"}},
		"pairs": {[]string{"--mode=send", "--host=127.0.0.1", "--file-pair-list=" + pairs, "/in"},
			[]string{"x", "x/one", "x/two"}},
		"destination of token": {[]string{"--mode=send", "--host=127.0.0.1", "--dest64", from + "/a", ""}, []string{"a"}},
		"exclude":              {[]string{"-E", "e/", from + "/d", "127.0.0.1:/in"}, []string{"d", "d/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := filepath.Join(n.dir, "in")
			if err := os.RemoveAll(in); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(in, 0o755); err != nil {
				t.Fatal(err)
			}
			if status := n.ascp(t, tok, c.args...); status != 0 {
				t.Fatalf("exit status %d", status)
			}
			got := tree(t, in)
			for _, name := range c.want {
				if _, ok := got[name]; !ok {
					t.Errorf("%s is missing", name)
				}
				delete(got, name)
			}
			if len(got) > 0 {
				t.Errorf("unexpected: %v", got)
			}
		})
	}
}

func TestReceiveNames(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	writeFiles(t, n.dir, map[string][]byte{"out/a": []byte("a"), "out/d/b": []byte("b")})
	tok := n.receiving(t, "/out")
	for name, c := range map[string]struct {
		source, destination string
		want                []string
	}{
		"file into folder": {"/out/a", "", []string{"a"}},
		"file to new name": {"/out/a", "/new", []string{"new"}},
		"folder renamed":   {"/out/d", "/e", []string{"e", "e/b"}},
		"folder":           {"/out", "", []string{"out", "out/a", "out/d", "out/d/b"}},
		"contents":         {"/out/.", "", []string{"a", "d", "d/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			to := t.TempDir()
			if status := n.ascp(t, tok, "127.0.0.1:"+c.source, to+c.destination); status != 0 {
				t.Fatalf("exit status %d", status)
			}
			got := tree(t, to)
			for _, name := range c.want {
				if _, ok := got[name]; !ok {
					t.Errorf("%s is missing", name)
				}
				delete(got, name)
			}
			if len(got) > 0 {
				t.Errorf("unexpected: %v", got)
			}
		})
	}
}

func TestHundredMegabytes(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	content := noise(7, 100<<20)
	writeFiles(t, from, map[string][]byte{"f": content})
	if status := n.ascp(t, n.sending(t, "/in"), "-d", from+"/f", "127.0.0.1:/in"); status != 0 {
		t.Fatalf("exit status %d", status)
	}
	got, err := os.ReadFile(filepath.Join(n.dir, "in/f"))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%v, %d bytes", err, len(got))
	}
}

// What an API returns is run as it is: an upload into a folder that is yet to be made, and a download of all it holds.
func TestTransferSpecs(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "new folder")
	writeFiles(t, from, map[string][]byte{"a": []byte("a"), "d/b": noise(1, 3<<20)})
	spec := transferspec.Spec{RemoteHost: "127.0.0.1", RemoteUser: "xfer", SSHPort: n.sshPort, Cookie: "c",
		Tags: []byte(`{"aspera":{"x":1}}`)}
	runSpec := func(spec transferspec.Spec, args ...string) {
		t.Helper()
		text, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		cmd := process(t, "ascp", "", append([]string{"--transfer-spec", "-"}, args...)...)
		cmd.Stdin = bytes.NewReader(text)
		out, err := cmd.Output()
		if err != nil || !bytes.HasPrefix(out, []byte("Completed: 2 files, 3.0 MiB in ")) {
			t.Fatalf("%v, said %q", err, out)
		}
	}
	up := spec
	up.Direction, up.Token, up.DestinationRoot = transferspec.Send, n.sending(t, "/inbox/uuid"), "/inbox/uuid"
	up.Paths = []transferspec.Path{{Source: from + "/a"}, {Source: from + "/d"}}
	runSpec(up)
	// Tags are those in the seal of the token, which has none.
	if got := n.recorder.Last(t).Transfer; got.Cookie != "c" || len(got.Tags) > 0 ||
		got.StartSpec.DestinationPath != "/inbox/uuid" {
		t.Errorf("recorded %+v", got)
	}
	down := spec
	down.Direction, down.Token, down.SourceRoot = transferspec.Receive, n.receiving(t, "/inbox/uuid"), "/inbox/uuid"
	down.Paths = []transferspec.Path{{Source: "."}}
	runSpec(down, to)
	if diff := cmp.Diff(tree(t, from), tree(t, to)); diff != "" {
		t.Errorf("(-sent +received):\n%s", diff)
	}
}

func TestKnownHosts(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	send := func(key ssh.PublicKey) error {
		home := t.TempDir()
		line := knownhosts.Line([]string{knownhosts.Normalize(net.JoinHostPort("127.0.0.1", strconv.Itoa(n.sshPort)))}, key)
		writeFiles(t, home, map[string][]byte{".ssh/known_hosts": []byte(line + "\n")})
		cmd := process(t, "ascp", n.sending(t, "/"), "-P", strconv.Itoa(n.sshPort), from+"/f", "127.0.0.1:/")
		cmd.Env = append(cmd.Env, "HOME="+home)
		return cmd.Run()
	}
	if err := send(n.hostKey); err != nil {
		t.Errorf("the known host: %v", err)
	}
	stranger, err := wellknown.Signer()
	if err != nil {
		t.Fatal(err)
	}
	if err := send(stranger.PublicKey()); err == nil {
		t.Error("another key in known_hosts: no error")
	}
}

// What a folder holds keeps its tree, or is refused where there is no folder for it: under a new name the first
// level of folders would be gone.
func TestReceiveOfAllThatAFolderHolds(t *testing.T) {
	n := startNode(t)
	files := map[string][]byte{"run1/raw/r1": []byte("1"), "run1/s": []byte("2"), "run2/s": []byte("3")}
	writeFiles(t, n.dir, files)
	for _, source := range []string{"/", ".", "./", "/.", "", "run1/..", "/run1/.."} {
		to := filepath.Join(t.TempDir(), "new")
		tok := n.receiving(t, "/")
		var status int
		said := stderrOf(t, func() { status = n.ascp(t, tok, "127.0.0.1:"+source, to) })
		if _, err := os.Stat(to); status != 1 || err == nil {
			t.Errorf("%q without -d: status %d, said %q", source, status, said)
		}
		if strings.Contains(source, "..") {
			continue
		}
		if status := n.ascp(t, tok, "-d", "127.0.0.1:"+source, to); status != 0 {
			t.Errorf("%q with -d: status %d", source, status)
		}
		if diff := cmp.Diff(tree(t, n.dir), tree(t, to)); diff != "" {
			t.Errorf("%q (-sent +got):\n%s", source, diff)
		}
	}
	named := filepath.Join(t.TempDir(), "new")
	if status := n.ascp(t, n.receiving(t, "/"), "127.0.0.1:/run1/", named); status != 0 {
		t.Errorf("a folder under another name: status %d", status)
	}
	if got := tree(t, named); got["raw/r1"] == "" || got["s"] == "" {
		t.Errorf("got %v", got)
	}
}

// An empty folder, or one of which all is left out, is a transfer of no files and no failure.
func TestEmptyFolders(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, to := t.TempDir(), t.TempDir()
	for _, dir := range []string{filepath.Join(n.dir, "e"), filepath.Join(from, "e")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFiles(t, from, map[string][]byte{"f/x.tmp": []byte("1")})
	for name, args := range map[string][]string{
		"sent": {"-d", from + "/e", "127.0.0.1:/1"}, "sent, its content": {"-d", from + "/e/.", "127.0.0.1:/2"},
		"all left out":  {"-d", "-E", "*.tmp", from + "/f/.", "127.0.0.1:/3"},
		"file left out": {"-E", "*.tmp", from + "/f/x.tmp", "127.0.0.1:/"},
	} {
		if status := n.ascp(t, n.sending(t, "/"), args...); status != 0 {
			t.Errorf("%s: status %d", name, status)
		}
	}
	for name, args := range map[string][]string{"received": {"127.0.0.1:/e", to},
		"received, its content": {"-d", "127.0.0.1:/e/.", to + "/2"}} {
		if status := n.ascp(t, n.receiving(t, "/"), args...); status != 0 {
			t.Errorf("%s: status %d", name, status)
		}
	}
}
