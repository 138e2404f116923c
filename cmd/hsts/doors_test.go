package main

import (
	"os"
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

func TestDoorWithTheFewestSessions(t *testing.T) {
	own := store.Door{Node: "own", Host: "o"}
	other, third := store.Door{Node: "b", Host: "b"}, store.Door{Node: "c", Host: "c"}
	with := func(d store.Door, sessions int) store.Door { d.Sessions = sessions; return d }
	for name, c := range map[string]struct {
		closed bool
		own    int
		known  []store.Door
		want   []string
	}{
		"alone":                      {false, 9, nil, []string{"o", "o"}},
		"as many elsewhere":          {false, 3, []store.Door{own, with(other, 3)}, []string{"o"}},
		"one less elsewhere":         {false, 3, []store.Door{own, with(other, 2)}, []string{"o", "b"}},
		"fewer elsewhere":            {false, 5, []store.Door{own, with(other, 3), with(third, 1)}, []string{"c", "c", "b"}},
		"none taken here":            {true, 0, []store.Door{with(other, 50)}, []string{"b", "b"}},
		"none taken here, of two":    {true, 0, []store.Door{with(other, 5), with(third, 4)}, []string{"c", "b", "c"}},
		"none taken here, none else": {true, 0, nil, []string{"o"}},
	} {
		d := doors{own: own, open: !c.closed, known: c.known, given: map[string]int{}}
		for i, want := range c.want {
			if got := d.choose(c.own, func() bool { return false }); got.Host != want {
				t.Errorf("%s: choice %d is %s, want %s", name, i, got.Host, want)
			}
		}
	}
}

// node-98, the choice: a setup through any node names the one with the fewest sessions, and none that is gone. What
// happens to a node whose machine is drained is in TestDrained.
func TestSetupNamesTheNodeWithTheFewestSessions(t *testing.T) {
	t.Parallel()
	one := newNode(t, "n1", mariadbd.Start(t).Database(t))
	one.start(t)
	other := sharing(t, "n2", one)
	local := filepath.Join(t.TempDir(), "slow.bin")
	if err := os.WriteFile(local, make([]byte, 64<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	c := one.client(t, "node", nodePassword)
	for i := range 3 {
		spec, err := c.UploadSetup(t.Context(), client.TransferRequest{
			DestinationRoot: filepath.Join("/default", string(rune('a'+i))), Paths: []transferspec.Path{{Source: local}},
			TargetRateKbps: 500, RatePolicy: "fixed",
		})
		if err != nil {
			t.Fatal(err)
		}
		spec.SSHPort, spec.FASPPort, spec.SSHFP = one.cfg.Ports.SSH, one.cfg.Ports.UDP, ""
		cmd := command(t, spec)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill() // It may have ended with the node.
			_ = cmd.Wait()
		})
		awaitStatus(t, c, idOf(t, spec), client.StatusRunning)
	}
	named := func(through *testNode) int {
		t.Helper()
		spec, err := through.client(t, "node", nodePassword).UploadSetup(t.Context(), client.TransferRequest{
			DestinationRoot: "/default", Paths: []transferspec.Path{{Source: "x"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if udp := map[int]int{
			one.cfg.Ports.SSH: one.cfg.Ports.UDP, other.cfg.Ports.SSH: other.cfg.Ports.UDP,
		}[spec.SSHPort]; spec.FASPPort != udp {
			t.Errorf("the ports are of two nodes: %d and %d", spec.SSHPort, spec.FASPPort)
		}
		return spec.SSHPort
	}
	eventually(t, "the other to be named", func() (any, bool) {
		got := named(one)
		return got, got == other.cfg.Ports.SSH
	})
	if got := named(other); got != other.cfg.Ports.SSH {
		t.Errorf("the node with none names port %d", got)
	}
	if err := other.stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the one that is left to be named", func() (any, bool) {
		got := named(one)
		return got, got == one.cfg.Ports.SSH
	})
}
