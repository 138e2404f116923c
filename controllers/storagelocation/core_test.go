package storagelocation_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

// TestOnTheRealCore: what core answers is what the controllers compare with; nothing is written twice.
func TestOnTheRealCore(t *testing.T) {
	t.Parallel()
	field := controllertest.NewOnCore(t)
	field.SetInstanceReady(t, true)
	field.Create(t, field.TransferNode())
	field.RunNode(t)
	node := &v1alpha1.TransferNode{}
	field.WaitReady(t, node, controllertest.Node)

	location, yes := field.StorageLocation("packages"), true
	location.Spec.DefaultInbox, location.Spec.EnableLinking = &yes, &yes
	location.Spec.ReadPermission = v1alpha1.ReadPermissionPublic
	field.Create(t, location)
	field.WaitReady(t, location, "packages")

	instance := &v1alpha1.FaspexInstance{}
	field.Get(t, instance, controllertest.Instance)
	faspex, err := field.Core.Connect(t.Context(), instance)
	if err != nil {
		t.Fatal(err)
	}
	folders, err := faspex.SharedFolders(t.Context(), node.Status.NodeID)
	if err != nil {
		t.Fatal(err)
	}
	want := []api.SharedFolder{{
		ID: location.Status.ShareID, NodeID: node.Status.NodeID, Name: "packages", Directory: "/default/packages",
		DefaultInbox: true, EnableLinking: true, ReadPermission: "public",
	}}
	rates := cmpopts.IgnoreFields(api.SharedFolder{}, "KbpsInitialTargetDownloadRate", "KbpsInitialTargetUploadRate",
		"KbpsMaxTargetDownloadRate", "KbpsMaxTargetUploadRate", "LockMinratePolicy", "RelayIncomingBandwidth",
		"RelayOutgoingBandwidth")
	if diff := cmp.Diff(want, folders, rates); diff != "" {
		t.Errorf("core knows (-want +got):\n%s", diff)
	}

	// operator-66: what becomes of the first administrator locks the operator out of nothing, deletion included.
	field.Core.DeactivateFirstAdmin(t)

	field.WantNoWrites(t, node, controllertest.Node, field.Core.Reads)
	field.WantNoWrites(t, location, "packages", field.Core.Reads)

	field.Delete(t, location)
	field.WaitGone(t, location, "packages")
	field.Delete(t, node)
	field.WaitGone(t, node, controllertest.Node)
	if nodes, err := faspex.Nodes(t.Context()); err != nil || len(nodes) != 0 {
		t.Errorf("core still knows %v (%v)", nodes, err)
	}

	// A person's list does not show the operator, and nobody changes it.
	accounts, _, err := field.Core.Store.Accounts(t.Context(), store.AccountFilter{}, store.Page{Limit: 10})
	if err != nil || slices.ContainsFunc(accounts, func(a store.Account) bool { return a.Type == store.TypeService }) {
		t.Errorf("accounts: %v (%v)", accounts, err)
	}
}
