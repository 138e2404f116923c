package faspexinstance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
)

func TestDeletionWaitsForTransferNodes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("wait"))
	for _, name := range []string{"edge-b", "edge-a"} {
		b.create(&v1alpha1.TransferNode{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: b.namespace},
			Spec: v1alpha1.TransferNodeSpec{
				InstanceRef: v1alpha1.ObjectReference{Name: "demo"},
				Storage:     []v1alpha1.StorageMount{{Name: "default", HostPath: &v1alpha1.HostPathStorage{Path: "/srv/files"}}},
			},
		})
	}
	wantReady(t, b.settle())
	b.remove("demo", &v1alpha1.FaspexInstance{})
	i := b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDependents, "edge-a, edge-b")
	want(t, i, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonDependents, "")

	b.remove("demo-db-user", &corev1.Secret{}) // health goes on
	b.settle()
	if !canLogIn(b, "faspex_wait", dataOf(b, "demo-db-user")["FASPEX_DB_PASSWORD"]) {
		t.Error("an instance that waits is not looked after")
	}
	b.remove("edge-a", &v1alpha1.TransferNode{})
	want(t, b.settle(), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDependents, "deleted: edge-b")
	b.remove("edge-b", &v1alpha1.TransferNode{})
	if i := b.settle(); i != nil {
		t.Errorf("it is still there: %v", i.Status.Conditions)
	}
}

// TestRetainedDataIsFoundAgain (operator-11, with TestDeletedDataIsGone; TestNodeGoesWithItsInstance of package
// transfernode has nodes, locations and keys).
func TestRetainedDataIsFoundAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	instance := b.external("retain")
	again := instance.DeepCopy()
	b.create(instance)
	wantReady(t, b.settle())
	b.sql("CREATE TABLE faspex_retain.precious (a INT)")
	core, admin := dataOf(b, "demo-core"), dataOf(b, "demo-admin")
	b.remove("demo", &v1alpha1.FaspexInstance{})
	if b.settle() != nil {
		t.Fatal("it is still there")
	}
	for name, kept := range map[string]bool{"demo-core": true, "demo-admin": true, "demo-db": false,
		"demo-db-user": false, "demo-operator-client": false, "demo-tls": false, "demo-utility": false, "root": true} {
		if b.find(name, &corev1.Secret{}) != kept {
			t.Errorf("%s is kept: %v, want %v", name, !kept, kept)
		}
	}
	collectGarbage(b)

	b.create(again)
	wantReady(t, b.settle())
	b.sql("SELECT * FROM faspex_retain.precious")
	if got := dataOf(b, "demo-core")["FASPEX_CORE_SECRET"]; string(got) != string(core["FASPEX_CORE_SECRET"]) {
		t.Error("the keys of core are lost")
	}
	if got := dataOf(b, "demo-admin")["password"]; string(got) != string(admin["password"]) {
		t.Error("the administrator's password is lost")
	}
}

// TestDeletedDataIsGone (operator-11): nothing that the operator made is left in the namespace or on the server.
func TestDeletedDataIsGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	instance := b.external("gone")
	instance.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	b.create(instance)
	wantReady(t, b.settle())
	password := dataOf(b, "demo-db-user")["FASPEX_DB_PASSWORD"]
	b.remove("root", &corev1.Secret{})
	b.remove("demo", &v1alpha1.FaspexInstance{})
	want(t, b.settle(), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		"spec.database.external.rootSecretRef")
	want(t, b.settle(), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		"spec.deletionPolicy Retain")
	b.get("demo-core", &corev1.Secret{}) // the policy may still change
	b.create(b.rootSecret(b.root().Password))
	if b.settle() != nil {
		t.Fatal("it is still there")
	}
	if b.find("demo-core", &corev1.Secret{}) || b.find("demo-admin", &corev1.Secret{}) {
		t.Error("the Secrets survive")
	}
	if canLogIn(b, "faspex_gone", password) {
		t.Error("the user is still there")
	}
	b.sql("CREATE DATABASE faspex_gone", "DROP DATABASE faspex_gone")
	if users := b.names("SELECT User FROM mysql.user WHERE User LIKE '%\\_gone'"); len(users) > 0 {
		t.Errorf("users are left: %v", users)
	}
	collectGarbage(b)
	b.wantNothing("Secret root", "ConfigMap kube-root-ca.crt")
}

// wantNothing fails when something is in the namespace but for what is named, and that is not being deleted.
func (b *bench) wantNothing(but ...string) {
	b.t.Helper()
	for _, list := range []client.ObjectList{
		&corev1.SecretList{}, &corev1.ConfigMapList{}, &corev1.ServiceList{}, &corev1.PersistentVolumeClaimList{},
		&appsv1.DeploymentList{}, &appsv1.StatefulSetList{}, &batchv1.JobList{}, &networkingv1.NetworkPolicyList{},
		&policyv1.PodDisruptionBudgetList{}, &v1alpha1.FaspexBackupList{},
	} {
		if err := b.client.List(b.t.Context(), list, client.InNamespace(b.namespace)); err != nil {
			b.t.Fatal(err)
		}
		err := meta.EachListItem(list, func(o runtime.Object) error {
			object, ok := o.(client.Object)
			kind := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", o), "*v1."), "*")
			if ok && object.GetDeletionTimestamp() == nil && !slices.Contains(but, kind+" "+object.GetName()) {
				b.t.Errorf("%s %s is left", kind, object.GetName())
			}
			return nil
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// TestPolicyOfTheLastMoment changes the policy and deletes before the operator looks again: the garbage collector must
// find the owners that the new policy asks for.
func TestPolicyOfTheLastMoment(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			before, retention := v1alpha1.DeletionPolicyDelete, appsv1.RetainPersistentVolumeClaimRetentionPolicyType
			if policy == v1alpha1.DeletionPolicyDelete {
				before, retention = v1alpha1.DeletionPolicyRetain, appsv1.DeletePersistentVolumeClaimRetentionPolicyType
			}
			b.create(&v1alpha1.FaspexInstance{
				ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace},
				Spec: v1alpha1.FaspexInstanceSpec{
					ExternalURL: "https://faspex.example.com", DeletionPolicy: before,
					Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}},
				},
			})
			b.settle()
			i, set := &v1alpha1.FaspexInstance{}, &appsv1.StatefulSet{}
			b.patch("demo", i, func() { i.Spec.DeletionPolicy = policy })
			b.remove("demo", &v1alpha1.FaspexInstance{})
			if _, err := b.reconcile(); err != nil {
				t.Fatal(err)
			}
			if b.get("demo-db", set); set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted != retention {
				t.Errorf("the volume: %s", set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted)
			}
			if b.instance() == nil {
				t.Error("it went before the StatefulSet controller heard of the policy")
			}
			if b.settle() != nil {
				t.Fatal("it is still there")
			}
			collectGarbage(b)
			for _, name := range []string{"demo-core", "demo-admin"} {
				err := b.client.Get(t.Context(), client.ObjectKey{Namespace: b.namespace, Name: name}, &corev1.Secret{})
				if kept := err == nil; kept != (policy == v1alpha1.DeletionPolicyRetain) {
					t.Errorf("%s is kept: %v", name, kept)
				}
			}
		})
	}
}
