package apply_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/test/kubeapi"
)

func owner(t *testing.T, c client.Client, namespace, name string) *v1alpha1.StorageLocation {
	t.Helper()
	o := &v1alpha1.StorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: v1alpha1.StorageLocationSpec{
			TransferNodeRef: v1alpha1.ObjectReference{Name: "edge"}, Type: "local", Local: &v1alpha1.LocalStorage{Path: "/a"},
		},
	}
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

func configMap(namespace string, data map[string]string) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap("demo",
		namespace).WithLabels(map[string]string{"app.kubernetes.io/instance": "a"}).WithData(data)
}

func TestApplyWritesOnlyWhatChanged(t *testing.T) {
	c := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, c)
	a, o := apply.New(c, "test"), owner(t, c, namespace, "a")
	live := &corev1.ConfigMap{}
	get := func() {
		t.Helper()
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "demo"}, live); err != nil {
			t.Fatal(err)
		}
	}
	person := func(change func()) {
		t.Helper()
		get()
		before := live.DeepCopy()
		change()
		if err := c.Patch(t.Context(), live, client.MergeFrom(before), client.FieldOwner("a-person")); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		name              string
		before            func()
		data              map[string]string
		changed           bool
		requests, changes int64
		want              map[string]string
	}{
		{"first", nil, map[string]string{"k": "v", "gone": "v"}, true, 1, 1, map[string]string{"k": "v", "gone": "v"}},
		{"again", nil, map[string]string{"k": "v", "gone": "v"}, false, 1, 1, map[string]string{"k": "v", "gone": "v"}},
		{"a key less", nil, map[string]string{"k": "v"}, true, 2, 2, map[string]string{"k": "v"}},
		{
			"a person's own key stays", func() { person(func() { live.Data["theirs"] = "v" }) },
			map[string]string{"k": "v"}, false, 3, 2, map[string]string{"k": "v", "theirs": "v"},
		},
		{
			"a person's change of ours does not", func() { person(func() { live.Data["k"] = "other" }) },
			map[string]string{"k": "v"}, true, 4, 3, map[string]string{"k": "v", "theirs": "v"},
		},
		{
			"deleted", func() {
				get()
				if err := c.Delete(t.Context(), live); err != nil {
					t.Fatal(err)
				}
			},
			map[string]string{"k": "v"}, true, 5, 4, map[string]string{"k": "v"},
		},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if s.before != nil {
				s.before()
			}
			changed, err := a.Apply(t.Context(), o, configMap(namespace, s.data))
			if err != nil {
				t.Fatal(err)
			}
			if changed != s.changed || a.Requests() != s.requests || a.Changes() != s.changes {
				t.Errorf("changed %v, %d requests, %d changes; want %v, %d, %d", changed, a.Requests(), a.Changes(), s.changed,
					s.requests, s.changes)
			}
			live = &corev1.ConfigMap{}
			get()
			if diff := cmp.Diff(s.want, live.Data); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if ref := metav1.GetControllerOf(live); ref == nil || ref.Kind != "StorageLocation" || ref.UID != o.UID {
				t.Errorf("controller %v", ref)
			}
		})
	}
}

func TestApplyTakesNothingOver(t *testing.T) {
	c := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, c)
	a, mine, other := apply.New(c, "test"), owner(t, c, namespace, "a"), owner(t, c, namespace, "b")
	create := func(labels map[string]string, by *v1alpha1.StorageLocation) *corev1.ConfigMap {
		t.Helper()
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: namespace, Labels: labels},
			Data: map[string]string{"k": "theirs"}}
		if by != nil {
			m.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(by,
				v1alpha1.GroupVersion.WithKind("StorageLocation"))}
		}
		if err := c.Create(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	ours := func(instance string) map[string]string {
		return map[string]string{apply.ManagedByLabel: apply.ManagedBy, "app.kubernetes.io/instance": instance}
	}
	tests := []struct {
		name     string
		labels   map[string]string
		by       *v1alpha1.StorageLocation
		owner    apply.Owner
		conflict bool
	}{
		{"a person's", nil, nil, mine, true},
		{"another object's", ours("b"), other, mine, true},
		{"left by an owner that is gone", ours("a"), nil, mine, false},
		{"left for another object", ours("b"), nil, mine, true},
		{"to be kept, a person's", nil, nil, nil, true},
		{"to be kept, another object's", ours("b"), other, nil, true},
		{"to be kept from now on", ours("a"), mine, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := create(tt.labels, tt.by)
			_, err := a.Apply(t.Context(), tt.owner, configMap(namespace, map[string]string{"k": "ours"}))
			if errors.Is(err, apply.ErrConflict) != tt.conflict || (err != nil) != tt.conflict {
				t.Errorf("error %v, want a conflict: %v", err, tt.conflict)
			}
			if err := c.Delete(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		})
	}
	m := create(nil, nil)
	if err := a.Delete(t.Context(), mine, m); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(m), m); err != nil {
		t.Errorf("what belongs to someone else was deleted: %v", err)
	}
}

func TestFinalizerAndStatusAreNarrow(t *testing.T) {
	c := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, c)
	a, o := apply.New(c, "test"), owner(t, c, namespace, "a")
	for _, want := range []bool{true, false} {
		if wrote, err := a.AddFinalizer(t.Context(), o); err != nil || wrote != want {
			t.Errorf("add finalizer: wrote %v, %v; want %v", wrote, err, want)
		}
	}
	before := o.DeepCopy()
	if err := a.Status(t.Context(), before, o); err != nil || a.Requests() != 1 {
		t.Errorf("equal status: %v, %d requests, want 1", err, a.Requests())
	}
	o.Status.ShareID = "7"
	if err := a.Status(t.Context(), before, o); err != nil || a.Requests() != 2 {
		t.Errorf("new status: %v, %d requests, want 2", err, a.Requests())
	}
	before.Spec.Local.Path = "/b"
	if err := a.Status(t.Context(), before, before.DeepCopy()); err != nil {
		t.Error(err)
	}
	stale := before.DeepCopy()
	stale.Status.ShareID = "8"
	if err := a.Status(t.Context(), before, stale); err == nil {
		t.Error("a status computed from a stale object was written")
	}
	if err := c.Delete(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil || o.Status.ShareID != "7" ||
		o.Spec.Local.Path != "/a" {
		t.Errorf("got %+v, %v", o, err)
	}
	if err := a.RemoveFinalizer(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(o), o); client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("it is still there: %v", err)
	}
}
