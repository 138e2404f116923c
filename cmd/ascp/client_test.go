package main

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"faspex.io/operator/test/nodetest"
)

// asClientsCall is the command line by which the public client runs ascp, in its order: a manager, no progress bar, a
// list of files, and a destination in base64.
func (n *testNode) asClientsCall(t *testing.T, tok, port, mode, base, destination string, names ...string) *exec.Cmd {
	t.Helper()
	var list bytes.Buffer
	for i, name := range names {
		if i > 0 {
			list.WriteByte('\n')
		}
		list.WriteString(name)
	}
	file := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(file, list.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-M", port, "-q", "-d", "--mode", mode, "--host", "127.0.0.1", "-m", "0", "-P",
		strconv.Itoa(n.sshPort), "--user", "xfer"}
	if base != "" {
		args = append(args, "--source-prefix64", base64.StdEncoding.EncodeToString([]byte(base)))
	}
	args = append(args, "-l", "0", "-y", "0", "--dest64", "--file-list="+file,
		base64.StdEncoding.EncodeToString([]byte(destination)))
	return process(t, "ascp", tok, args...)
}

// Transfers of the public client with its progress bar, both ways, large and small: node-1, with 48 MB instead of 300.
func TestTransfersUnderAProgressBar(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	files := map[string][]byte{"large": noise(1, 48<<20), "small": []byte("fourteen bytes")}
	writeFiles(t, from, files)
	for name, content := range files {
		to := t.TempDir()
		nodetest.Managed(t, func(port string) *exec.Cmd {
			return n.asClientsCall(t, n.sending(t, "/in"), port, "send", "", "/in", filepath.Join(from, name))
		})
		nodetest.Managed(t, func(port string) *exec.Cmd {
			return n.asClientsCall(t, n.receiving(t, "/in"), port, "recv", "/in", to, name)
		})
		for _, p := range []string{filepath.Join(n.dir, "in", name), filepath.Join(to, name)} {
			if got, err := os.ReadFile(p); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes, %v", p, len(got), err)
			}
		}
	}
}
