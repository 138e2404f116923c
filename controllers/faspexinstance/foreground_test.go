package faspexinstance

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/test/kubeapi"
)

// TestForegroundDeletionWaitsWithItsDatabase (operator-62) deletes an instance in the foreground, as GitOps tools do,
// under a real garbage collector and a real StatefulSet controller, while a TransferNode names it: the database, its
// volume and the Secrets are the same until the node is gone, nothing is made and deleted again and again, and then
// everything goes.
func TestForegroundDeletionWaitsWithItsDatabase(t *testing.T) {
	b := newBench(t)
	kubeapi.Controllers(t, "garbage-collector-controller", "statefulset-controller")
	b.create(&v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com", DeletionPolicy: v1alpha1.DeletionPolicyDelete,
			Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}},
		},
	})
	b.transferNode("edge", "demo", nil)
	b.manage(Options{})

	kept := map[string]client.Object{
		"demo-db": &appsv1.StatefulSet{}, "data-demo-db-0": &corev1.PersistentVolumeClaim{}, "demo-db-user": &corev1.Secret{},
		"demo-core": &corev1.Secret{}, "demo-operator-client": &corev1.Secret{}, "demo-db-script": &corev1.ConfigMap{},
	}
	uids := map[string]types.UID{}
	for name, object := range kept {
		b.await(name+" is there", func() bool { return b.find(name, object) })
		uids[name] = object.GetUID()
	}
	// The garbage collector deletes what it knows: let it see an ordinary object of the instance.
	b.await("core's ConfigMap is there", func() bool { return b.find("demo-core", &corev1.ConfigMap{}) })

	instance := b.instance()
	if err := b.client.Delete(t.Context(), instance,
		client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
		t.Fatal(err)
	}
	b.await("the instance says that it waits", func() bool {
		ready := meta.FindStatusCondition(b.instance().Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == v1alpha1.ReasonDependents
	})
	b.await("it rests", func() bool {
		before := reconciliations(t)
		time.Sleep(3 * time.Second)
		return reconciliations(t) <= before+1
	})
	for name, object := range kept {
		if !b.find(name, object) || object.GetUID() != uids[name] || object.GetDeletionTimestamp() != nil {
			t.Errorf("%T %s was deleted while the instance waits", object, name)
		}
	}
	if !b.find("demo-core", &corev1.ConfigMap{}) {
		t.Error("an instance that waits is not looked after")
	}

	b.remove("edge", &v1alpha1.TransferNode{})
	b.await("the instance is gone", func() bool { return b.instance() == nil })
	for name, object := range kept {
		b.await(name+" is gone", func() bool {
			// Nothing unprotects a claim here: the controller that does needs the kubelets' word.
			return !b.find(name, object) || name == "data-demo-db-0" && object.GetDeletionTimestamp() != nil
		})
	}
}
