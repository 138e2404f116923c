package main

import (
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSessionsOverSeveralNodes moves one transfer, there and back, in three sessions over two nodes that share a
// storage.
func TestSessionsOverSeveralNodes(t *testing.T) {
	t.Parallel()
	shared, from, back := t.TempDir(), t.TempDir(), t.TempDir()
	nodes := []*testNode{startNodeIn(t, shared), startNodeIn(t, shared)}
	files := map[string][]byte{"big": noise(1, 30<<20+7), "empty": nil}
	for i := range 40 {
		files["many/"+strconv.Itoa(i)] = noise(byte(i), i*300)
	}
	writeFiles(t, filepath.Join(from, "set"), files)
	together := func(ascp func(n *testNode, share []string) int) {
		t.Helper()
		var group sync.WaitGroup
		for i := range 3 {
			group.Go(func() {
				share := []string{"-C", strconv.Itoa(i+1) + ":3", "--multi-session-threshold", "10000000", "-d", "-O",
					strconv.Itoa(33001 + i)}
				if status := ascp(nodes[i%2], share); status != 0 {
					t.Errorf("session %d: status %d", i+1, status)
				}
			})
		}
		group.Wait()
	}
	together(func(n *testNode, share []string) int {
		return n.ascp(t, n.sending(t, "/in"), append(share, filepath.Join(from, "set"), "127.0.0.1:/in")...)
	})
	if diff := cmp.Diff(tree(t, from), tree(t, filepath.Join(shared, "in"))); diff != "" {
		t.Errorf("at the nodes (-sent +got):\n%s", diff)
	}
	together(func(n *testNode, share []string) int {
		return n.ascp(t, n.receiving(t, "/in"), append(share, "127.0.0.1:/in/set", back)...)
	})
	if diff := cmp.Diff(tree(t, from), tree(t, back)); diff != "" {
		t.Errorf("back here (-sent +got):\n%s", diff)
	}
}
