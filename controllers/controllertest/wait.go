package controllertest

import (
	"strconv"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
)

// Eventually waits until done, and fails the test with what it waited for after Patience.
func (f *Field) Eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

// WaitReady waits until an object is Ready for its generation and reads it into object.
func (f *Field) WaitReady(t *testing.T, object client.Object, name string) {
	t.Helper()
	f.WaitCondition(t, object, name, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	if list := Conditions(object); meta.FindStatusCondition(list, v1alpha1.ConditionReconciling) != nil ||
		meta.FindStatusCondition(list, v1alpha1.ConditionStalled) != nil {
		t.Errorf("%s is Ready and still Reconciling or Stalled: %v", name, list)
	}
}

// WaitCondition waits until a condition of an object has that status and reason for its generation, reads the object
// into object, and returns the condition.
func (f *Field) WaitCondition(
	t *testing.T, object client.Object, name, conditionType string, status metav1.ConditionStatus, reason string,
) metav1.Condition {
	t.Helper()
	var found *metav1.Condition
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err := f.Client.Get(t.Context(), f.Key(name), object); err != nil {
			continue
		}
		found = meta.FindStatusCondition(Conditions(object), conditionType)
		if found != nil && found.Status == status && found.Reason == reason &&
			found.ObservedGeneration == object.GetGeneration() {
			return *found
		}
	}
	t.Fatalf("waited in vain for %s=%s (%s) of %s, have %+v", conditionType, status, reason, name, Conditions(object))
	return metav1.Condition{}
}

// WaitGone waits until an object does not exist.
func (f *Field) WaitGone(t *testing.T, object client.Object, name string) {
	t.Helper()
	f.Eventually(t, name+" is gone", func() bool {
		return apierrors.IsNotFound(f.Client.Get(t.Context(), f.Key(name), object))
	})
}

// Conditions of an object of one of our kinds.
func Conditions(object client.Object) []metav1.Condition {
	switch o := object.(type) {
	case *v1alpha1.TransferNode:
		return o.Status.Conditions
	case *v1alpha1.StorageLocation:
		return o.Status.Conditions
	case *v1alpha1.AccessKey:
		return o.Status.Conditions
	}
	return nil
}

// Writes is how many requests the controllers have sent to the API server that write.
func (f *Field) Writes() int64 {
	var sum int64
	for _, applier := range f.Appliers {
		sum += applier.Requests()
	}
	return sum
}

// registrations is how many calls to Faspex changed something.
func (f *Field) registrations() int {
	if f.Core != nil {
		return f.Core.Writes()
	}
	return f.Faspex.Writes()
}

// Touch changes a label of an object, which makes its controller look at it.
func (f *Field) Touch(t *testing.T, object client.Object, name string) {
	t.Helper()
	f.Change(t, object, name, func() {
		object.SetLabels(map[string]string{"touched": strconv.FormatInt(time.Now().UnixNano(), 10)})
	})
}

// WantNoWrites lets the controllers look at an object a few times and fails if they write anything, to the API server
// or to Faspex. looks counts how often they looked.
func (f *Field) WantNoWrites(t *testing.T, object client.Object, name string, looks func() int) {
	t.Helper()
	look := func() {
		t.Helper()
		before := looks() // before the touch: the controller may look at once
		f.Touch(t, object, name)
		f.Eventually(t, "the controller looks", func() bool { return looks() > before })
	}
	looksOften := func() (writes int64, registrations int) {
		t.Helper()
		writes, registrations = f.Writes(), f.registrations()
		for range 3 {
			look()
		}
		return f.Writes() - writes, f.registrations() - registrations
	}
	// What is under way from before may still write, also after it has looked.
	f.Eventually(t, "it comes to rest", func() bool {
		writes, registrations := looksOften()
		return writes == 0 && registrations == 0
	})
	writes, registrations := looksOften()
	if writes != 0 {
		t.Errorf("%d writes of what has not changed", writes)
	}
	if registrations != 0 {
		t.Errorf("%d writes to Faspex of what has not changed", registrations)
	}
}
