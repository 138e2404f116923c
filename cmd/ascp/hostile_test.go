package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// hostilePaths are names that lead, or are said to lead, out of the folder /in that a token is for.
var hostilePaths = []string{
	"..", "../secret", "/../secret/x", "/in/../secret/x", "/in/../../outside/x", "/secret/x", "//secret/x", "/in/..",
	"/in/../in/../secret/x", "..%2Fsecret%2Fx", "%2e%2e/secret/x", "/in/link/x", "/in/link", "/in/above/secret/x",
	"/in/loop/x", "/in/loop", "/in/nul\x00/x", "/in/caf\xe9", "/in/" + strings.Repeat("x", 300),
	"/in/" + strings.Repeat("y/", 3000), "/IN/x", "/in /x", "/in./x", "/in/. ./x", "\\in\\..\\secret\\x", "~/secret",
	"/proc/self/cwd/secret/x", "/in/proc/root/etc/hostname", ".../secret/x", "*/x", "/*/x", "/sec*/x",
}

// hostileTree is a storage beside other folders: outside lies beside the storage, secret beside what is granted.
func hostileTree(t *testing.T, secret bool) (base, storage string) {
	t.Helper()
	base = t.TempDir()
	storage = filepath.Join(base, "storage")
	writeFiles(t, storage, map[string][]byte{"in/good": []byte("good")})
	if secret {
		writeFiles(t, base, map[string][]byte{"storage/secret/x": []byte("secret"), "outside/x": []byte("outside")})
	}
	for name, to := range map[string]string{"link": "../secret", "above": "..", "loop": "loop",
		"proc": "/proc/self"} {
		if err := os.Symlink(to, filepath.Join(storage, "in", name)); err != nil {
			t.Fatal(err)
		}
	}
	return base, storage
}

// Nothing outside of what was granted is written, read, or told from what is not there, by whatever name and in
// either direction of a transfer: node-66.
func TestHostilePaths(t *testing.T) {
	said := map[bool]map[string]string{}
	from, list := t.TempDir(), filepath.Join(t.TempDir(), "list")
	writeFiles(t, from, map[string][]byte{"x": []byte("written")})
	for _, secret := range []bool{true, false} {
		said[secret] = map[string]string{}
		base, storage := hostileTree(t, secret)
		n := startNodeIn(t, storage)
		before := outsideOf(t, base)
		n.ascp(t, n.receiving(t, "/in"), "127.0.0.1:/in/good", t.TempDir()) // The key of the host is known from now on.
		run := func(p, pair, tok string, args ...string) {
			if err := os.WriteFile(list, []byte(pair), 0o600); err != nil {
				t.Fatal(err)
			}
			key := fmt.Sprintf("%q %s", p, args[:2])
			said[secret][key] = stderrOf(t, func() { n.ascp(t, tok, append(args, "--host=127.0.0.1")...) })
		}
		for _, p := range hostilePaths {
			for _, links := range []string{"--symbolic-links=follow", "--symbolic-links=copy+force"} {
				tok, pair := n.sending(t, "/in"), from+"/x\n"+p+"\n"
				run(p, "", tok, links, "-d", "--mode=send", from+"/x", p)
				run(p, "", tok, links, "--mode=send", "-d", from, p)
				run(p, pair, tok, links, "--file-pair-list="+list, "--mode=send", "/in")
				run(p, pair, tok, "--file-pair-list="+list, links, "--mode=send", "/")
				tok = n.receiving(t, "/in")
				for _, how := range []string{"--mode=recv", "--source-prefix=/in", "--file-pair-list=" + list} {
					to := t.TempDir()
					if pair = p + "\ny\n"; how != "--file-pair-list="+list {
						run(p, "", tok, how, links, "--mode=recv", p, to)
					} else {
						run(p, pair, tok, links, how, "--mode=recv", to)
					}
					for name, content := range contents(t, to) {
						if content != "good" && content != "written" && content != "" {
							t.Errorf("%q %s: received %s with %q", p, how, name, content)
						}
					}
				}
			}
		}
		if diff := cmp.Diff(before, outsideOf(t, base)); diff != "" {
			t.Errorf("outside of what is granted (-before +after):\n%s", diff)
		}
	}
	if len(said[true]) < 7*len(hostilePaths) {
		t.Errorf("%d attempts were made", len(said[true]))
	}
	if diff := cmp.Diff(said[true], said[false]); diff != "" {
		t.Errorf("what is outside is told from what is not there (-with +without):\n%.3000s", diff)
	}
}

// outsideOf are all files of a hostileTree that nobody may touch.
func outsideOf(t *testing.T, base string) map[string]string {
	t.Helper()
	all := contents(t, base)
	for name := range all {
		if name == "storage/in" || strings.HasPrefix(name, "storage/in/") {
			delete(all, name)
		}
	}
	return all
}

// contents are the files beneath a folder, and the links, which have no content.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, kind := range tree(t, dir) {
		if kind == "link" {
			out[name] = ""
		} else if kind != "folder" {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			out[name] = string(b)
		}
	}
	return out
}

// A folder of a path that becomes a link while it is walked leads nowhere else.
func TestPathsThatChangeWhileTheyAreOpened(t *testing.T) {
	t.Parallel()
	base, storage := hostileTree(t, true)
	n := startNodeIn(t, storage)
	before := outsideOf(t, base)
	flip := filepath.Join(storage, "in/flip")
	writeFiles(t, flip, map[string][]byte{"x": []byte("good")})
	other := filepath.Join(storage, "in/other")
	if err := os.Symlink("../secret", other); err != nil {
		t.Fatal(err)
	}
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-over:
				return
			default:
				_ = unix.Renameat2(unix.AT_FDCWD, flip, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE)
			}
		}
	}()
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"x": []byte("good")})
	for range 40 {
		to := t.TempDir()
		n.ascp(t, n.receiving(t, "/in"), "127.0.0.1:/in/flip/x", to)
		n.ascp(t, n.receiving(t, "/in"), "127.0.0.1:/in/flip", to)
		n.ascp(t, n.sending(t, "/in"), "--overwrite=always", from+"/x", "127.0.0.1:/in/flip/")
		for name, content := range contents(t, to) {
			if content == "secret" {
				t.Errorf("%s was received", name)
			}
		}
	}
	close(over)
	<-ended
	if diff := cmp.Diff(before, outsideOf(t, base)); diff != "" {
		t.Errorf("outside (-before +after):\n%s", diff)
	}
}
