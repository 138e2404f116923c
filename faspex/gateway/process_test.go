package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"faspex.io/operator/dataplane/transferspec"
)

// process starts the gateway as a process of its own instead of that of the world.
func (w *world) process(program string) *exec.Cmd {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c := exec.CommandContext(w.t.Context(), program, "gateway", "--listen", address)
	c.Env = append(os.Environ(), "FASPEX_GATEWAY_SECRET=a secret of the gateway's tests",
		"FASPEX_GATEWAY_NODES_FILE="+w.nodes)
	c.Stdout, c.Stderr = w.log, w.log
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = c.Process.Kill() // It may be gone.
		_ = c.Wait()
	})
	w.url = "http://" + address
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		res, err := http.Get(w.url + "/health")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return c
			}
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("the gateway does not come up: %v\n%s", err, w.log)
		}
	}
}

// A gateway that dies in the middle of a request loses nothing that the node has.
func TestUploadOutlivesTheProcess(t *testing.T) {
	w := newWorld(t)
	tool := program(t, "faspex")
	b := noise(1, 24<<20)
	files := []file{{"f", int64(len(b)), modified}}
	dying := w.process(tool)
	u := w.created(w.create(w.node.Upload(t, "/in"), files))
	pr, pw := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		req, _ := http.NewRequestWithContext(t.Context(), "PATCH", w.url+u.Files[0].URL, pr)
		req.Header.Set("Content-Type", "application/offset+octet-stream")
		req.Header.Set("Upload-Offset", "0")
		if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
			res.Body.Close()
		}
		pr.Close()
	}()
	if _, err := pw.Write(b[:18<<20]); err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(w.node.Dir, "in/f.aspx")
	for info, err := os.Stat(journal); err != nil || info.Size() < 24+28*12; info, err = os.Stat(journal) {
		time.Sleep(time.Millisecond)
	}
	if err := dying.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	pw.Close()
	<-ended
	w.node.Last(t).Ended(t)
	w.lacks("in/f")
	w.process(tool)
	again := w.created(w.create(w.node.Upload(t, "/in"), files))
	off := *again.Files[0].Offset
	if off < 10<<20 {
		t.Errorf("it goes on at %d", off)
	}
	w.patch(again.Files[0].URL, off, b[off:]).mustBe(t, 204)
	w.complete(again).mustBe(t, 200)
	w.has("in/f", b)
}

// A node whose disk is full is told of in its own words, and nothing of the file is visible.
func TestUploadToAFullNode(t *testing.T) {
	w := newWorld(t)
	dir, tool := t.TempDir(), filepath.Join(t.TempDir(), "node")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", tool,
		"faspex.io/operator/hack/bench/node").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	script := fmt.Sprintf(`mount -t tmpfs -o size=8m none %s && exec "$0" "$@"`, dir)
	c := exec.CommandContext(t.Context(), "unshare", "-m", "--propagation", "private", "sh", "-c", script, tool,
		"-root", dir, "-addr", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	var contact struct {
		Port               int
		Token, Fingerprint string
	}
	if err := json.NewDecoder(out).Decode(&contact); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	text := fmt.Sprintf("nodes: [{host: 127.0.0.1, sshPort: %d}]\n", contact.Port)
	if err := os.WriteFile(w.nodes, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	spec := transferspec.Spec{RemoteHost: "127.0.0.1", Token: contact.Token, SSHFP: contact.Fingerprint,
		RemoteUser: "xfer"}
	if r := w.create(spec, []file{{"big", 20 << 20, modified}}); r.status != 507 || r.code() != "node_full" {
		t.Errorf("a file that is too big: %d %s", r.status, r.body)
	}
	r := w.create(spec, []file{{"f", 10 << 20, modified}}) // There is room until it is written.
	if u := w.created(r); u.Files[0].Offset != nil {
		w.patch(u.Files[0].URL, 0, noise(1, 10<<20))
		r = w.complete(u)
	}
	if r.status != 507 || r.code() != "node_full" {
		t.Errorf("a file for which room runs out: %d %s", r.status, r.body)
	}
	spec.SSHFP = strings.Replace(contact.Fingerprint, "SHA256:", "SHA256:x", 1)
	spec.SSHFP = spec.SSHFP[:len(contact.Fingerprint)]
	if r := w.create(spec, []file{{"f", 1, modified}}); r.status != 502 {
		t.Errorf("another host key: %d %s", r.status, r.body)
	}
	spec.SSHFP = ""
	if r := w.create(spec, []file{{"f", 1, modified}}); r.code() != "node_not_allowed" {
		t.Errorf("no host key at all: %d %s", r.status, r.body)
	}
	wrong := bytes.TrimSpace(ssh.MarshalAuthorizedKey(w.node.HostKey))
	text = fmt.Sprintf("nodes: [{host: 127.0.0.1, sshPort: %d, sshHostKeys: [%q]}]\n", contact.Port, wrong)
	if err := os.WriteFile(w.nodes, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec.SSHFP = contact.Fingerprint
	if r := w.create(spec, []file{{"f", 1, modified}}); r.status != 502 {
		t.Errorf("another host key than the list has: %d %s", r.status, r.body)
	}
}
