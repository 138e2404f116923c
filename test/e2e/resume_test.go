package e2e

import (
	"errors"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	node "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/test/lab"
)

// killedNodeResumes kills the hsts pod in the middle of an upload and sends again: the
// second run sends the rest, not all.
func killedNodeResumes(t *testing.T) {
	const (
		size    = 512 << 20
		enough  = size / 4
		kbps    = 400_000
		retries = 30
	)
	sent := payload(t, lab.PayloadSpec{Seed: 3, LargeBytes: size})
	pkg, spec, err := cluster.NewPackage(t.Context(), alice, bob.Name, "Interrupted", sent)
	if err != nil {
		t.Fatal(err)
	}
	spec.RatePolicy, spec.TargetRateKbps = "fixed", kbps
	first := make(chan error, 1)
	go func() {
		_, err := cluster.Transfer(t.Context(), spec)
		first <- err
	}()
	before := waitBytes(t, pkg.ID, enough, first)
	killPodOn(t, spec.RemoteHost)
	var failed *lab.TransferError
	if err := <-first; !errors.As(err, &failed) {
		t.Fatalf("ascp survived its server: %v", err)
	}
	t.Logf("after %d MiB: %v", before.BytesTransferred>>20, failed)

	spec.TargetRateKbps = 0
	spec.RatePolicy = "fair"
	for try := 1; ; try++ {
		if _, err = cluster.Transfer(t.Context(), spec); err == nil {
			break
		}
		if try == retries {
			t.Fatalf("does not resume: %v", err)
		}
		time.Sleep(time.Second)
	}
	if _, err := cluster.WaitPackage(t.Context(), alice, pkg.ID, "released", time.Minute); err != nil {
		t.Fatal(err)
	}
	last := sessionsOf(t, pkg.ID)
	resent := last[len(last)-1].BytesTransferred
	t.Logf("the last session sent %d MiB of %d MiB", resent>>20, sent.Bytes>>20)
	if resent > sent.Bytes-enough/2 {
		t.Errorf("the last session sent %d of %d bytes although %d had arrived: it started again", resent, sent.Bytes,
			before.BytesTransferred)
	}
	received := t.TempDir()
	if err := cluster.Receive(t.Context(), bob, pkg.ID, received); err != nil {
		t.Fatal(err)
	}
	if err := lab.Same(sent.Dir, received); err != nil {
		t.Error(err)
	}
}

// waitBytes waits until the upload of a package has moved so many bytes.
func waitBytes(t *testing.T, packageID string, bytes int64, ended <-chan error) node.Transfer {
	t.Helper()
	for range 600 {
		select {
		case err := <-ended:
			t.Fatalf("ascp ended early: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		for _, transfer := range transfersOf(t, packageID) {
			if transfer.BytesTransferred >= bytes {
				return transfer
			}
		}
	}
	t.Fatalf("package %s did not move %d bytes within a minute", packageID, bytes)
	return node.Transfer{}
}

// transfersOf asks the node for the transfers of a package, by the tags that Faspex put on them.
func transfersOf(t *testing.T, packageID string) []node.Transfer {
	t.Helper()
	api, err := cluster.NodeAPI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transfers, _, err := api.Transfers(t.Context(), node.TransferQuery{Tag: `"package_id":"` + packageID + `"`})
	if err != nil {
		t.Fatal(err)
	}
	return transfers
}

func sessionsOf(t *testing.T, packageID string) []node.Session {
	t.Helper()
	var sessions []node.Session
	for _, transfer := range transfersOf(t, packageID) {
		if transfer.StartSpec.Direction == "send" {
			sessions = append(sessions, transfer.Sessions...)
		}
	}
	if len(sessions) < 2 {
		t.Fatalf("package %s has %d upload sessions, want the killed one and its successor", packageID, len(sessions))
	}
	return sessions
}

// killPodOn kills, without grace, the hsts pod of the machine with an address.
func killPodOn(t *testing.T, hostIP string) {
	t.Helper()
	pods, err := cluster.Pods(t.Context(), "hsts")
	if err != nil {
		t.Fatal(err)
	}
	for i := range pods {
		if pods[i].Status.HostIP == hostIP {
			if err := cluster.Client.Delete(t.Context(), &pods[i], client.GracePeriodSeconds(0)); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no hsts pod on %s", hostIP)
}
