package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// sharing is another node of a database and of its storage.
func sharing(t *testing.T, name string, n *testNode) *testNode {
	t.Helper()
	other := newNode(t, name, n.env.Database)
	other.cfg.StorageRoot = n.cfg.StorageRoot
	other.start(t)
	return other
}

// uploadOf is a spec for a file that goes to a name, at a rate in kbit/s.
func (n *testNode) uploadOf(t *testing.T, local, name string, kbps int64) transferspec.Spec {
	t.Helper()
	spec, err := n.client(t, "node", nodePassword).UploadSetup(t.Context(), client.TransferRequest{
		DestinationRoot: "/default/in", Paths: []transferspec.Path{{Source: local, Destination: name}},
		TargetRateKbps: kbps, RatePolicy: "fixed",
	})
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// node-87: of two transfers to one name through two nodes one gets it. The other is refused with code 42 before a
// megabyte of it has travelled, and harms nothing.
func TestTwoNodesDoNotWriteOneFile(t *testing.T) {
	t.Parallel()
	one := newNode(t, "n1", mariadbd.Start(t).Database(t))
	one.start(t)
	other := sharing(t, "n2", one)
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	write(t, first, strings.Repeat("first...", 2<<20/8))
	write(t, second, strings.Repeat("second..", 2<<20/8))
	c := one.client(t, "node", nodePassword)
	long := one.uploadOf(t, first, "same", 1_500)
	cmd := command(t, long)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a part of the first", func() (any, bool) {
		got, err := c.Transfer(t.Context(), idOf(t, long))
		return got, err == nil && got.BytesTransferred > 0
	})
	late := other.uploadOf(t, second, "same", 100_000)
	text, err := command(t, late).CombinedOutput()
	if err == nil || !strings.Contains(string(text), "another transfer is writing this file, at another node") {
		t.Errorf("the second: %v: %s", err, text)
	}
	got := awaitStatus(t, c, idOf(t, late), client.StatusFailed)
	if len(got.Files) != 1 || got.Files[0].ErrorCode != 42 || got.BytesTransferred > 1<<20 {
		t.Errorf("the second is told as %+v, %d bytes", got.Files, got.BytesTransferred)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the first: %v: %s", err, out.String())
	}
	landed, err := os.ReadFile(filepath.Join(one.cfg.StorageRoot, "default/in/same"))
	if err != nil || string(landed) != strings.Repeat("first...", 2<<20/8) {
		t.Errorf("the file is not the first: %d bytes, %v", len(landed), err)
	}
	// The name is free again.
	if text, err := command(t, other.uploadOf(t, second, "same", 100_000)).CombinedOutput(); err != nil {
		t.Errorf("afterwards: %v: %s", err, text)
	}
}

// node-88: what a session wrote that died with its node is free for its own retry at once, through another node, and
// for other transfers soon: they wait.
func TestFilesOfADeadNodeAreFree(t *testing.T) {
	t.Parallel()
	one := newNode(t, "n1", mariadbd.Start(t).Database(t))
	kill := one.process(t)
	other := sharing(t, "n2", one)
	local := filepath.Join(t.TempDir(), "local")
	write(t, local, strings.Repeat("0123456789abcdef", 8<<20/16))
	c := other.client(t, "node", nodePassword)
	begun := func(name string) transferspec.Spec {
		t.Helper()
		spec := one.uploadOf(t, local, name, 4_000)
		spec.SSHPort, spec.FASPPort, spec.SSHFP = one.cfg.Ports.SSH, one.cfg.Ports.UDP, ""
		cmd := command(t, spec)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill() // It may have ended with its node.
			_ = cmd.Wait()
		})
		eventually(t, "a part of the file", func() (any, bool) {
			got, err := c.Transfer(t.Context(), idOf(t, spec))
			return got, err == nil && got.BytesTransferred > 1<<20
		})
		return spec
	}
	spec, _ := begun("own"), begun("others")
	kill()
	spec.SSHPort, spec.FASPPort, spec.TargetRateKbps = other.cfg.Ports.SSH, other.cfg.Ports.UDP, 400_000
	if text, err := command(t, spec).CombinedOutput(); err != nil {
		t.Fatalf("its own retry: %v: %s", err, text)
	}
	if got := awaitStatus(t, c, idOf(t, spec), client.StatusCompleted); len(got.Sessions) != 2 {
		t.Errorf("sessions: %+v", got.Sessions)
	}
	if text, err := command(t, other.uploadOf(t, local, "others", 400_000)).CombinedOutput(); err != nil {
		t.Errorf("another transfer: %v: %s", err, text)
	}
}
