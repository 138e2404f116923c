package main

import (
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer"
	"github.com/google/go-cmp/cmp"
)

func TestWithoutEncryption(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": noise(1, 3<<20)})
	t.Run("a node that says nothing of it refuses what must be", func(t *testing.T) {
		n := startNode(t)
		if status := n.ascp(t, n.sending(t, "/"), "-c", "none", from+"/f", "127.0.0.1:/"); status == 0 {
			t.Error("status 0")
		}
		if got := tree(t, n.dir); len(got) != 0 {
			t.Errorf("arrived: %v", got)
		}
	})
	t.Run("a node that says nothing of it encrypts what may be", func(t *testing.T) {
		n := startNode(t)
		if status := n.ascp(t, n.sending(t, "/"), "-T", from+"/f", "127.0.0.1:/"); status != 0 {
			t.Fatalf("status %d", status)
		}
		if diff := cmp.Diff(tree(t, from), tree(t, filepath.Join(n.dir))); diff != "" {
			t.Errorf("(-source +destination):\n%s", diff)
		}
	})
	t.Run("a node that allows it takes the data", func(t *testing.T) {
		n := startNode(t, func(s *transfer.Server, _ *sshd.Config) { s.Ciphers = []string{"aes-256-gcm", "none"} })
		if status := n.ascp(t, n.sending(t, "/"), "-c", "none", from+"/f", "127.0.0.1:/"); status != 0 {
			t.Fatalf("status %d", status)
		}
		if diff := cmp.Diff(tree(t, from), tree(t, filepath.Join(n.dir))); diff != "" {
			t.Errorf("(-source +destination):\n%s", diff)
		}
	})
}
