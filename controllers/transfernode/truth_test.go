package transfernode_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
)

// TestReadinessOutlivesTheInstances (operator-67): an instance that is suspended, or of which a part is broken, or that
// does not answer at all while it says so, leaves nodes, locations and keys what they are, and new keys can be made.
func TestReadinessOutlivesTheInstances(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	node, location, key := &v1alpha1.TransferNode{}, field.StorageLocation("packages"), field.AccessKey("first")
	field.Create(t, location)
	field.Create(t, key)
	field.WaitReady(t, location, "packages")
	field.WaitReady(t, key, "first")

	field.SetInstanceReady(t, false)
	field.Faspex.SetDown(true)
	looks := func(object client.Object, name string) {
		t.Helper()
		calls := field.NodeAPI.Calls()
		field.Touch(t, object, name)
		field.Eventually(t, "the controller looks at "+name, func() bool { return field.NodeAPI.Calls() > calls })
	}
	looks(node, nodeName)
	field.WaitReady(t, node, nodeName)
	looks(location, "packages")
	field.WaitReady(t, location, "packages")
	looks(key, "first")
	field.WaitReady(t, key, "first")
	another := field.AccessKey("second")
	field.Create(t, another)
	field.WaitReady(t, another, "second")

	// What is new has to be made known to Faspex first, and an instance that is ready has to answer.
	fresh := field.StorageLocation("fresh")
	field.Create(t, fresh)
	field.WaitCondition(t, fresh, "fresh", v1alpha1.ConditionRegistered, isFalse, v1alpha1.ReasonFaspexUnreachable)
	field.SetInstanceReady(t, true)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionRegistered, isFalse, v1alpha1.ReasonFaspexUnreachable)
	field.Faspex.SetDown(false)
	field.WaitReady(t, node, nodeName)
	field.WaitReady(t, fresh, "fresh")
}

// TestPodsAreReportedWithoutTheDatabase takes the credentials of the database away: the pods run on,
// and what becomes of them is told.
func TestPodsAreReportedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	credentials := &corev1.Secret{}
	field.Get(t, credentials, desiredinstance.NamesOf(controllertest.Instance).Database)
	field.Delete(t, credentials)
	node := &v1alpha1.TransferNode{}
	field.Touch(t, node, nodeName)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionDatabaseProvisioned, isFalse, v1alpha1.ReasonInstanceNotReady)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionWorkloadReady, isTrue, v1alpha1.ReasonSucceeded)
	field.SetPods(t, 3, 0)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionWorkloadReady, isFalse, v1alpha1.ReasonProgressing)
	if *node.Status.DesiredNodes != 3 || *node.Status.ReadyNodes != 0 {
		t.Errorf("%d of %d machines are ready, want 0 of 3", *node.Status.ReadyNodes, *node.Status.DesiredNodes)
	}
}
