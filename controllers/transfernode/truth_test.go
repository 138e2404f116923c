package transfernode_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
)

// TestPodsAreReportedWithoutTheDatabase takes the credentials of the database away: the pods run on,
// and what becomes of them is told.
func TestPodsAreReportedWithoutTheDatabase(t *testing.T) {
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
