package faspexinstance

import (
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/secrets"
)

// TestWhatAFormerOperatorOwnedIsKept: earlier versions of the operator made the instance the owner of its Secrets and
// of its database. After an upgrade they are the same objects, with the same values, and nobody owns them.
func TestWhatAFormerOperatorOwnedIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com", Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}},
		},
	}
	b.create(i)
	former := apply.New(b.client, controllerName)
	store := secrets.NewStore(former, b.client, b.client)
	names := desired.NamesOf(i.Name)
	kept := map[string]client.Object{}
	for _, want := range []secrets.Wanted{desired.DatabaseSecret(i, nil), desired.DatabaseUserSecret(i),
		desired.CoreSecret(i), desired.UtilitySecret(i), desired.OperatorClientSecret(i)} {
		if _, err := store.Ensure(t.Context(), i, want); err != nil {
			t.Fatal(err)
		}
		kept[want.Name+" Secret"] = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: want.Name}}
	}
	if _, err := former.Apply(t.Context(), i, desired.DatabaseStatefulSet(i, desired.VolumeOf(i), "former")); err != nil {
		t.Fatal(err)
	}
	kept["StatefulSet"] = &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: names.Database}}
	before := map[string]client.Object{}
	for what, object := range kept {
		b.get(object.GetName(), object)
		if !metav1.IsControlledBy(object, i) {
			t.Fatalf("%s has no owner to begin with", what)
		}
		before[what] = object.DeepCopyObject().(client.Object)
	}

	b.settle()
	for _, what := range slices.Sorted(maps.Keys(kept)) {
		object := kept[what]
		object.SetOwnerReferences(nil)
		b.get(object.GetName(), object)
		if object.GetUID() != before[what].GetUID() || len(object.GetOwnerReferences()) != 0 {
			t.Errorf("%s is another object, or owned: %v", what, object.GetOwnerReferences())
		}
	}
	for what, object := range before {
		if secret, ok := object.(*corev1.Secret); ok {
			if now := kept[what].(*corev1.Secret); !equality.Semantic.DeepEqual(secret.Data, now.Data) {
				t.Errorf("%s has other values", what)
			}
			continue
		}
		then, now := object.(*appsv1.StatefulSet).Spec, kept[what].(*appsv1.StatefulSet).Spec
		if !equality.Semantic.DeepEqual(then.VolumeClaimTemplates, now.VolumeClaimTemplates) {
			t.Errorf("the volume is claimed as %v, not as %v", now.VolumeClaimTemplates, then.VolumeClaimTemplates)
		}
	}
}
