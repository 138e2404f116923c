package transfernode_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// TestNodeOfAHibernatingInstance: its pods go and come back, and the access keys of people are what they were.
func TestNodeOfAHibernatingInstance(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	key, node, instance := &v1alpha1.AccessKey{}, &v1alpha1.TransferNode{}, &v1alpha1.FaspexInstance{}
	field.Create(t, field.AccessKey("demo"))
	field.WaitReady(t, key, "demo")
	before := field.Secret(t, "demo-access-key")
	id, yes := key.Status.ID, true
	daemonSet := &appsv1.DaemonSet{}

	field.Change(t, instance, controllertest.Instance, func() { instance.Spec.Hibernate = &yes })
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonHibernated)
	field.WaitGone(t, daemonSet, desired.NamesOf(nodeName).DaemonSet)
	field.WaitCondition(t, key, "demo", v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonTransferNodeNotReady)

	field.Change(t, instance, controllertest.Instance, func() { instance.Spec.Hibernate = nil })
	field.SetPods(t, 1, 1)
	field.WaitReady(t, node, nodeName)
	field.WaitReady(t, key, "demo")
	after := field.Secret(t, "demo-access-key")
	if key.Status.ID != id || string(after["id"]) != string(before["id"]) || string(after["secret"]) != string(before["secret"]) {
		t.Error("the access key is another")
	}
	if _, err := field.NodeAPI.Store.CheckSecret(t.Context(), string(after["id"]), string(after["secret"])); err != nil {
		t.Errorf("the node does not take it: %v", err)
	}
}
