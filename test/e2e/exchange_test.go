package e2e

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/test/lab"
)

// packageTitle is what the browser looks for.
const packageTitle = "One gibibyte and 2,000 small files"

func bothNodesRunTheDaemonSet(t *testing.T) {
	var nodes corev1.NodeList
	if err := cluster.Client.List(t.Context(), &nodes); err != nil {
		t.Fatal(err)
	}
	var daemonSet appsv1.DaemonSet
	if err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: lab.Namespace, Name: "demo-hsts"},
		&daemonSet); err != nil {
		t.Fatal(err)
	}
	if len(nodes.Items) != 2 || daemonSet.Status.NumberReady != 2 {
		t.Fatalf("%d of %d nodes run the DaemonSet, want 2 of 2", daemonSet.Status.NumberReady, len(nodes.Items))
	}
	if !daemonSet.Spec.Template.Spec.HostNetwork {
		t.Error("the DaemonSet is not on the hosts' network")
	}
}

func packageArrivesByteForByte(t *testing.T) {
	sent := payload(t, lab.PayloadSpec{Seed: 2, LargeBytes: 1 << 30, SmallFiles: 2000})
	pkg, err := cluster.Send(t.Context(), alice, bob.Name, packageTitle, sent)
	if err != nil {
		t.Fatal(err)
	}
	if pkg.UploadStatus != "completed" || pkg.TotalBytes != sent.Bytes || pkg.TotalFiles != int64(sent.Files) {
		t.Errorf("package says upload %s, %d bytes, %d files; want completed, %d, %d", pkg.UploadStatus, pkg.TotalBytes,
			pkg.TotalFiles, sent.Bytes, sent.Files)
	}
	inbox, err := bob.API.Packages(t.Context(), "inbox")
	if err != nil {
		t.Fatal(err)
	}
	if len(inbox) != 1 || inbox[0].ID != pkg.ID || inbox[0].Sender.Name != alice.Name {
		t.Fatalf("bob's inbox is %+v, want the one package of alice", inbox)
	}
	received := t.TempDir()
	if err := cluster.Receive(t.Context(), bob, pkg.ID, received); err != nil {
		t.Fatal(err)
	}
	if err := lab.Same(sent.Dir, received); err != nil {
		t.Error(err)
	}
	carol, err := cluster.Hire(t.Context(), admin, "carol", "Carol", "Cook")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := carol.API.DownloadSpec(t.Context(), pkg.ID, nil); err == nil {
		t.Error("someone who is neither sender nor recipient may download the package")
	}
}
