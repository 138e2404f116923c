package main

import (
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// node-69, the setups; the condition is in TestStorageSharedByMachines of the operator. Of two machines with a folder
// of their own as a storage, the one that was first serves files, whichever is asked; with one folder both do.
func TestOneMachineServesFilesThatAreNotShared(t *testing.T) {
	t.Parallel()
	db := mariadbd.Start(t).Database(t)
	one, other := newNode(t, "m1", db), newNode(t, "m2", db)
	one.env.AdvertiseAddress, other.env.AdvertiseAddress = "127.0.0.1", "127.0.0.2"
	mark := func(n *testNode, id string) {
		t.Helper()
		write(t, filepath.Join(n.cfg.StorageRoot, "default/.faspex-storage"), "files/demo\nid="+id+"\n")
	}
	mark(one, "00112233aabbccdd")
	mark(other, "ffffffffffffffff")
	one.start(t)
	other.run(t)
	write(t, filepath.Join(one.cfg.StorageRoot, "default/f"), "f")
	setups := func(n *testNode) (hosts []string, err error) {
		c := n.client(t, "node", nodePassword)
		up, err := c.UploadSetup(t.Context(), client.TransferRequest{DestinationRoot: "/default/in"})
		if err != nil {
			return nil, err
		}
		down, err := c.DownloadSetup(t.Context(),
			client.TransferRequest{Paths: []transferspec.Path{{Source: "/default/f"}}})
		return []string{up.RemoteHost, down.RemoteHost}, err
	}
	if hosts, err := setups(one); err != nil || strings.Join(hosts, " ") != "127.0.0.1 127.0.0.1" {
		t.Errorf("setups of the machine with the files: %v, %v", hosts, err)
	}
	const why = "storage default is another folder here than on m1, which has the files"
	eventually(t, "the other machine to be up", func() (any, bool) {
		_, err := other.client(t, "node", nodePassword).Info(t.Context())
		return err, err == nil
	})
	if hosts, err := setups(other); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("setups of the other machine: %v, %v", hosts, err)
	}
	for what, err := range map[string]error{
		"a listing": func() error {
			_, err := other.client(t, "node", nodePassword).Browse(t.Context(), client.BrowseRequest{Path: "/default"})
			return err
		}(),
		"a folder": other.client(t, "node", nodePassword).CreateDirectory(t.Context(), "/default/x"),
	} {
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s of the other machine: %v", what, err)
		}
	}
	if answer, ready := other.readiness(t); ready || !strings.Contains(answer, why) {
		t.Errorf("the other machine is ready: %q", answer)
	}
	// The folder is shared: both serve it.
	mark(other, "00112233aabbccdd")
	write(t, filepath.Join(other.cfg.StorageRoot, "default/f"), "f")
	eventually(t, "readiness of the other machine", func() (any, bool) { return other.readiness(t) })
	if hosts, err := setups(other); err != nil || strings.Join(hosts, " ") != "127.0.0.2 127.0.0.2" {
		t.Errorf("setups of the other machine when the folder is shared: %v, %v", hosts, err)
	}
	// A restart of the first machine changes nothing: its files are those that people have seen.
	mark(other, "ffffffffffffffff")
	eventually(t, "the other machine to be apart again", func() (any, bool) {
		answer, ready := other.readiness(t)
		return answer, !ready
	})
	if err := one.stop(); err != nil {
		t.Error(err)
	}
	one.start(t)
	if hosts, err := setups(one); err != nil {
		t.Errorf("setups after a restart: %v, %v", hosts, err)
	}
	if _, ready := other.readiness(t); ready {
		t.Error("the other machine takes over")
	}
}
