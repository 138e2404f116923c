package transfernode_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/test/kubeapi"
)

// TestForegroundDeletionWaitsWithItsPods deletes a node in the foreground, as GitOps tools do, under a real garbage
// collector, while a StorageLocation names it: its pods and their Secrets are the same until that is gone. Then
// everything goes, by the finalizer alone.
func TestForegroundDeletionWaitsWithItsPods(t *testing.T) {
	field := controllertest.NewReady(t)
	kubeapi.Controllers(t, "garbage-collector-controller")
	location, node := field.StorageLocation("packages"), &v1alpha1.TransferNode{}
	field.Create(t, location)
	field.WaitReady(t, location, "packages")
	names := desired.NamesOf(nodeName)
	made := map[string]client.Object{
		names.DaemonSet: &appsv1.DaemonSet{}, names.TokenKeys: &corev1.Secret{}, names.SSHHostKey: &corev1.Secret{},
		names.TLS: &corev1.Secret{}, names.NodeUser: &corev1.Secret{}, names.Database: &corev1.Secret{},
	}
	uids := map[string]types.UID{}
	for name, object := range made {
		field.Get(t, object, name)
		uids[name] = object.GetUID()
	}
	// The garbage collector deletes what it knows: let it delete something that the node owns.
	field.Get(t, node, nodeName)
	owned := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: field.Namespace, Name: "owned"}}
	owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: "TransferNode",
		Name: node.Name, UID: "11111111-2222-3333-4444-555555555555"}}
	field.Create(t, owned)
	field.WaitGone(t, &corev1.ConfigMap{}, "owned")

	owned = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: field.Namespace, Name: "owned"}}
	yes := true
	owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: "TransferNode",
		Name: node.Name, UID: node.UID, BlockOwnerDeletion: &yes}}
	owned.Finalizers = []string{"example.com/held-by-the-test"} // so that the node waits for it in the foreground
	field.Create(t, owned)
	if err := field.Client.Delete(t.Context(), node, client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
		t.Fatal(err)
	}
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonDependents)
	for name, object := range made {
		before := uids[name]
		field.Get(t, object, name)
		if object.GetUID() != before || object.GetDeletionTimestamp() != nil || len(object.GetOwnerReferences()) > 0 {
			t.Errorf("%s was deleted while the node waits, or is owned: %v", name, object.GetOwnerReferences())
		}
	}
	field.Delete(t, location)
	field.WaitGone(t, node, nodeName)
	for name, object := range made {
		field.WaitGone(t, object, name)
	}
	field.WaitGone(t, &corev1.Service{}, names.Service)
	field.WaitGone(t, &corev1.ConfigMap{}, names.ConfigMap)
}
