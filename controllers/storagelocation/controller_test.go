package storagelocation_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/kubeapi"
)

func TestMain(m *testing.M) { os.Exit(kubeapi.Run(m)) }

const (
	isTrue  = metav1.ConditionTrue
	isFalse = metav1.ConditionFalse
)

// folder is the one entry in Faspex.
func folder(t *testing.T, field *controllertest.Field) api.SharedFolder {
	t.Helper()
	var all []api.SharedFolder
	field.Faspex.Edit(func(_ *[]api.Node, folders map[string][]api.SharedFolder) {
		for _, list := range folders {
			all = append(all, list...)
		}
	})
	if len(all) != 1 {
		t.Fatalf("Faspex knows %+v", all)
	}
	return all[0]
}

func TestLocationBecomesReady(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	location := field.StorageLocation("packages")
	yes := true
	location.Spec.DefaultInbox, location.Spec.EnableLinking = &yes, &yes
	location.Spec.ReadPermission = v1alpha1.ReadPermissionPublic
	field.Create(t, location)
	field.WaitCondition(t, location, "packages", v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonTransferNodeNotFound)
	field.Create(t, field.TransferNode())
	field.WaitCondition(t, location, "packages", v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonTransferNodeNotReady)
	field.SetInstanceReady(t, true)
	field.RunNode(t)
	field.WaitReady(t, location, "packages")

	if info, err := os.Stat(filepath.Join(field.NodeAPI.Dir, "default", "packages")); err != nil || !info.IsDir() {
		t.Errorf("no folder on the node: %v", err)
	}
	if location.Status.FreeBytes == nil || *location.Status.TotalBytes <= 0 ||
		*location.Status.FreeBytes > *location.Status.TotalBytes {
		t.Errorf("space is %v of %v", location.Status.FreeBytes, location.Status.TotalBytes)
	}
	found := folder(t, field)
	if found.ID != location.Status.ShareID || found.NodeID != location.Status.NodeID || found.Name != "packages" ||
		found.Directory != "/default/packages" || found.ReadPermission != "public" || !found.EnableLinking ||
		!found.DefaultInbox {
		t.Errorf("Faspex knows %+v", found)
	}
	field.WantNoWrites(t, location, "packages", field.Faspex.Reads)
}

func TestDriftIsRepaired(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	location := field.StorageLocation("packages")
	yes := true
	location.Spec.DefaultInbox = &yes
	field.Create(t, location)
	field.WaitReady(t, location, "packages")

	field.Faspex.Edit(func(_ *[]api.Node, folders map[string][]api.SharedFolder) {
		list := folders[location.Status.NodeID]
		list[0].Directory, list[0].DefaultInbox, list[0].Name = "/elsewhere", false, "renamed"
	})
	if err := os.Remove(filepath.Join(field.NodeAPI.Dir, "default", "packages")); err != nil {
		t.Fatal(err)
	}
	field.Touch(t, location, "packages")
	field.Eventually(t, "the entry and the folder are put right", func() bool {
		found := folder(t, field)
		_, err := os.Stat(filepath.Join(field.NodeAPI.Dir, "default", "packages"))
		return found.Directory == "/default/packages" && found.DefaultInbox && found.Name == "packages" && err == nil
	})

	id := location.Status.ShareID
	field.Faspex.Edit(func(_ *[]api.Node, folders map[string][]api.SharedFolder) { clear(folders) })
	field.Touch(t, location, "packages")
	field.Eventually(t, "the location is registered again", func() bool {
		field.Get(t, location, "packages")
		return location.Status.ShareID != id
	})
}

func TestInvalidLocations(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	if err := os.WriteFile(filepath.Join(field.NodeAPI.Dir, "default", "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	yes := true
	first := field.StorageLocation("first")
	first.Spec.DefaultInbox = &yes
	field.Create(t, first)
	field.WaitReady(t, first, "first")

	second := field.StorageLocation("second")
	second.Spec.DefaultInbox = &yes
	elsewhere := field.StorageLocation("elsewhere")
	elsewhere.Spec.Local.Path = "/absent/packages"
	for _, test := range []struct {
		location      *v1alpha1.StorageLocation
		reason, field string
	}{
		{field.StorageLocation("file"), v1alpha1.ReasonInvalidSpec, "spec.local.path"},
		{elsewhere, v1alpha1.ReasonInvalidSpec, "spec.local.path"},
		{second, v1alpha1.ReasonConflict, "spec.defaultInbox"},
	} {
		t.Run(test.location.Name, func(t *testing.T) {
			field.Create(t, test.location)
			condition := field.WaitCondition(t, test.location, test.location.Name, v1alpha1.ConditionStalled, isTrue,
				test.reason)
			if !strings.Contains(condition.Message, test.field) {
				t.Errorf("message does not name %s: %s", test.field, condition.Message)
			}
		})
	}
}

func TestDeleteLeavesTheFiles(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	location := field.StorageLocation("packages")
	field.Create(t, location)
	field.WaitReady(t, location, "packages")
	file := filepath.Join(field.NodeAPI.Dir, "default", "packages", "file")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := field.AccessKey("user")
	key.Spec.Storage = v1alpha1.AccessKeyStorage{StorageLocationRef: &v1alpha1.ObjectReference{Name: "packages"}}
	field.Create(t, key)
	field.WaitReady(t, key, "user")

	field.Delete(t, location)
	condition := field.WaitCondition(t, location, "packages", v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonDependents)
	if want := "still used by AccessKey user"; condition.Message != want {
		t.Errorf("message is %q, want %q", condition.Message, want)
	}
	field.Delete(t, key)
	field.WaitGone(t, location, "packages")
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
	folders, err := field.Faspex.SharedFolders(t.Context(), location.Status.NodeID)
	if err != nil || len(folders) != 0 {
		t.Errorf("Faspex still knows %v (%v)", folders, err)
	}
}
