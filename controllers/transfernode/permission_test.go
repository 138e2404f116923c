package transfernode_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/policy"
)

func permitting(t *testing.T, hostPaths, images []string) *controllertest.Field {
	t.Helper()
	permitted, err := policy.New(hostPaths, images)
	if err != nil {
		t.Fatal(err)
	}
	return controllertest.NewPermitting(t, permitted)
}

// wantStalled waits until the node is Stalled for that reason, with a message that begins with field and says the way
// out.
func wantStalled(t *testing.T, field *controllertest.Field, reason, path, wayOut string) {
	t.Helper()
	node := &v1alpha1.TransferNode{}
	stalled := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStalled, isTrue, reason)
	if !strings.Contains(stalled.Message, path+": ") || !strings.Contains(stalled.Message, wayOut) {
		t.Errorf("message is %q", stalled.Message)
	}
	if c := meta.FindStatusCondition(node.Status.Conditions, v1alpha1.ConditionSpecAllowed); c == nil ||
		c.Status != isFalse || c.Reason != reason {
		t.Errorf("%s is %+v", v1alpha1.ConditionSpecAllowed, c)
	}
}

func TestNodeWithAFolderThatIsNotPermittedIsStalled(t *testing.T) {
	field := permitting(t, []string{"/srv/faspex"}, nil)
	field.Create(t, field.TransferNode())
	wantStalled(t, field, v1alpha1.ReasonNotAllowed, "spec.storage[0].hostPath.path", "--allowed-host-paths")
	node := &v1alpha1.TransferNode{}
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionDatabaseProvisioned, isTrue, v1alpha1.ReasonSucceeded)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionWorkloadReady, "Unknown", v1alpha1.ReasonBlocked)
	err := field.Client.Get(t.Context(), field.Key(desired.NamesOf(nodeName).DaemonSet), &appsv1.DaemonSet{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the DaemonSet is there (%v)", err)
	}

	field.Change(t, node, nodeName, func() { node.Spec.Storage[0].HostPath.Path = "/srv/faspex/a" })
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSpecAllowed, isTrue, v1alpha1.ReasonSucceeded)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionWorkloadReady, isFalse, v1alpha1.ReasonProgressing)
}

// TestNodeRunsOnWhenItsNextImageIsNotPermitted changes the image of a node that runs, and then that of the instance:
// neither reaches the DaemonSet.
func TestNodeRunsOnWhenItsNextImageIsNotPermitted(t *testing.T) {
	field := permitting(t, nil, []string{"ghcr.io/faspex-io"})
	field.SetInstanceReady(t, true)
	field.Create(t, field.TransferNode())
	field.RunNode(t)
	node := &v1alpha1.TransferNode{}
	field.WaitReady(t, node, nodeName)
	image := func() string {
		daemonSet := &appsv1.DaemonSet{}
		field.Get(t, daemonSet, desired.NamesOf(nodeName).DaemonSet)
		return daemonSet.Spec.Template.Spec.Containers[0].Image
	}
	before := image()

	field.Change(t, node, nodeName, func() { node.Spec.Image = "evil.example.com/hsts:1" })
	wantStalled(t, field, v1alpha1.ReasonNotAllowed, "spec.image", "--allowed-images")
	field.Change(t, node, nodeName, func() { node.Spec.Image = "" })
	field.WaitReady(t, node, nodeName)

	instance := &v1alpha1.FaspexInstance{}
	field.Change(t, instance, controllertest.Instance, func() {
		instance.Spec.Images = &v1alpha1.InstanceImages{HSTS: "evil.example.com/hsts:1"}
	})
	wantStalled(t, field, v1alpha1.ReasonNotAllowed, "FaspexInstance demo: spec.images.hsts", "--allowed-images")
	if got := image(); got != before {
		t.Errorf("the DaemonSet runs %s, it was %s", got, before)
	}
}
