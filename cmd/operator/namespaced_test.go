package main

import (
	"context"
	"os"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/test/kubeapi"
)

// TestRolesAreEnough runs the program as a user who has the generated rules in one namespace and nothing anywhere else,
// and goes through the life of an instance and of a transfer node as far as an API server alone can take them.
func TestRolesAreEnough(t *testing.T) {
	admin := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, admin)
	config := kubeapi.Config(t)
	config.Impersonate = rest.ImpersonationConfig{UserName: "operator-" +
		namespace, Groups: []string{"system:authenticated"}}
	grant(t, admin, namespace, config.Impersonate.UserName)

	restricted, err := client.New(config, client.Options{Scheme: kubeapi.Scheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := restricted.List(t.Context(), &corev1.SecretList{}); !apierrors.IsForbidden(err) {
		t.Fatalf("the user may list the Secrets of the cluster: %v", err)
	}
	s := settings{watchNamespaces: []string{namespace}, metricsAddress: "0", healthAddress: "0"}
	mgr, err := newManager(config, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := addControllers(mgr, s); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()

	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "foreign", Namespace: namespace},
		Data: map[string][]byte{"k": []byte("v")}}
	instance := &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: namespace},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com", DeletionPolicy: v1alpha1.DeletionPolicyDelete,
			Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}},
		},
	}
	node := &v1alpha1.TransferNode{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: namespace},
		Spec: v1alpha1.TransferNodeSpec{
			InstanceRef: v1alpha1.ObjectReference{Name: "demo"},
			Storage:     []v1alpha1.StorageMount{{Name: "default", HostPath: &v1alpha1.HostPathStorage{Path: "/srv/test"}}},
		},
	}
	for _, object := range []client.Object{foreign, instance, node} {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the instance gets as far as its database", func() bool {
		return admin.Get(t.Context(), client.ObjectKeyFromObject(instance), instance) == nil &&
			reasonOf(instance.Status.Conditions, v1alpha1.ConditionDatabaseReady) == v1alpha1.ReasonProgressing
	})
	eventually(t, "the node has its Secrets", func() bool {
		return admin.Get(t.Context(), client.ObjectKeyFromObject(node), node) == nil &&
			reasonOf(node.Status.Conditions, v1alpha1.ConditionSecretsReady) == v1alpha1.ReasonSucceeded
	})
	cached := &corev1.Secret{}
	if err := mgr.GetClient().Get(ctx, client.ObjectKeyFromObject(foreign), cached); err != nil || cached.Data != nil {
		t.Errorf("the cache holds the content of a Secret that is not ours (%v)", err)
	}
	for _, object := range []client.Object{node, instance} {
		if err := admin.Delete(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	// Nothing plays the StatefulSet controller here but this test.
	eventually(t, "both are gone", func() bool {
		observeStatefulSets(t, admin, namespace)
		return apierrors.IsNotFound(admin.Get(t.Context(), client.ObjectKeyFromObject(node), node)) &&
			apierrors.IsNotFound(admin.Get(t.Context(), client.ObjectKeyFromObject(instance), instance))
	})
}

// grant gives user the generated rules in namespace.
func grant(t *testing.T, admin client.Client, namespace, user string) {
	t.Helper()
	text, err := os.ReadFile("../../config/rbac/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var generated rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(text, &generated); err != nil {
		t.Fatal(err)
	}
	name := metav1.ObjectMeta{Name: "operator", Namespace: namespace}
	for _, object := range []client.Object{
		&rbacv1.Role{ObjectMeta: name, Rules: generated.Rules},
		&rbacv1.RoleBinding{
			ObjectMeta: name, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "operator"},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		},
	} {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
}

func observeStatefulSets(t *testing.T, admin client.Client, namespace string) {
	t.Helper()
	var sets appsv1.StatefulSetList
	if err := admin.List(t.Context(), &sets, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	for i := range sets.Items {
		before := sets.Items[i].DeepCopy()
		sets.Items[i].Status.ObservedGeneration = sets.Items[i].Generation
		if err := admin.Status().Patch(t.Context(), &sets.Items[i], client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
	}
}

func reasonOf(list []metav1.Condition, conditionType string) string {
	if c := meta.FindStatusCondition(list, conditionType); c != nil {
		return c.Reason
	}
	return ""
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
