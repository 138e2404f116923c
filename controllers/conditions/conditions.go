// Package conditions computes the conditions of an object from the state of its parts, by the rules of kstatus. It is
// pure: no clock, no client, and it knows nothing of what the parts are.
package conditions

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
)

// Part is the state of one part of an object.
type Part struct {
	// Type of the part's condition.
	Type string
	// Status: True when the part is as the spec asks, Unknown when it was not looked at.
	Status metav1.ConditionStatus
	// Stalled: a person has to change something.
	Stalled bool
	// Aside: Ready does not depend on it.
	Aside bool
	// Reason and Message of the condition.
	Reason, Message string
}

// maxMessage is the API's limit for the message of a condition.
const maxMessage = 32768

// Summarize returns the conditions of an object: one for each part, in order, and Ready, Reconciling and Stalled.
// Ready is True when every part is that is not Aside; otherwise it has the reason and message of the most telling part:
// the first stalled one, else the first that is False, else the first that is not True. Reconciling and Stalled are
// present only when True. previous is what the object has now; conditions whose status did not change keep their
// transition time, those of no part are dropped.
func Summarize(previous []metav1.Condition, generation int64, now time.Time, parts []Part) []metav1.Condition {
	s := set{previous: previous, generation: generation, now: metav1.NewTime(now)}
	culprit := mostTelling(parts)
	if culprit == nil {
		s.add(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "everything is as the spec asks")
	} else {
		s.add(v1alpha1.ConditionReady, metav1.ConditionFalse, culprit.Reason, culprit.Type+": "+culprit.Message)
		if culprit.Stalled {
			s.add(v1alpha1.ConditionStalled, metav1.ConditionTrue, culprit.Reason, culprit.Type+": "+culprit.Message)
		} else {
			s.add(v1alpha1.ConditionReconciling, metav1.ConditionTrue, culprit.Reason, culprit.Type+": "+culprit.Message)
		}
	}
	for _, p := range parts {
		s.add(p.Type, p.Status, p.Reason, p.Message)
	}
	return s.result
}

// Deleting returns the conditions of an object that is being deleted and waits for what message says: Ready is False,
// Reconciling True, and the parts are those of current. previous is what the object has now.
func Deleting(previous, current []metav1.Condition, generation int64, now time.Time, reason,
	message string) []metav1.Condition {
	return overlay(previous, current, generation, now, reason, message, true)
}

// Suspended returns the conditions of an object that is not being worked on: Ready is False with reason Suspended, and
// the parts keep the state they had.
func Suspended(previous []metav1.Condition, generation int64, now time.Time) []metav1.Condition {
	return overlay(previous, previous, generation, now, v1alpha1.ReasonSuspended,
		"spec.suspend is true: nothing is changed", false)
}

// Asleep returns the conditions of an object that is not to run, or is on the way there: Ready is False, Reconciling is
// True until it does not, and there are no parts that could be well.
func Asleep(previous []metav1.Condition, generation int64, now time.Time, reason, message string,
	reconciling bool) []metav1.Condition {
	return overlay(previous, nil, generation, now, reason, message, reconciling)
}

func overlay(
	previous, current []metav1.Condition, generation int64, now time.Time, reason, message string, reconciling bool,
) []metav1.Condition {
	s := set{previous: previous, generation: generation, now: metav1.NewTime(now)}
	s.add(v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
	if reconciling {
		s.add(v1alpha1.ConditionReconciling, metav1.ConditionTrue, reason, message)
	}
	for _, c := range current {
		if !slices.Contains([]string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled},
			c.Type) {
			s.result = append(s.result, c)
		}
	}
	return s.result
}

// IsTrue tells whether the condition of that type is True for that generation.
func IsTrue(list []metav1.Condition, conditionType string, generation int64) bool {
	c := meta.FindStatusCondition(list, conditionType)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == generation
}

// WasSeen tells whether the part of that condition was looked at for that generation, whatever came of it.
func WasSeen(list []metav1.Condition, conditionType string, generation int64) bool {
	c := meta.FindStatusCondition(list, conditionType)
	return c != nil && c.Status != metav1.ConditionUnknown && c.ObservedGeneration == generation
}

// Turned are the conditions of after that are False or Stalled and were not so, or for another reason, in before.
func Turned(before, after []metav1.Condition) []metav1.Condition {
	var turned []metav1.Condition
	for _, c := range after {
		bad := c.Status == metav1.ConditionFalse && c.Type != v1alpha1.ConditionReady || c.Type == v1alpha1.ConditionStalled
		if was := meta.FindStatusCondition(before, c.Type); bad &&
			(was == nil || was.Status != c.Status || was.Reason != c.Reason) {
			turned = append(turned, c)
		}
	}
	return turned
}

func mostTelling(parts []Part) *Part {
	tests := []func(Part) bool{
		func(p Part) bool { return !p.Aside && p.Stalled },
		func(p Part) bool { return !p.Aside && p.Status == metav1.ConditionFalse },
		func(p Part) bool { return !p.Aside && p.Status != metav1.ConditionTrue },
	}
	for _, test := range tests {
		if i := slices.IndexFunc(parts, test); i >= 0 {
			return &parts[i]
		}
	}
	return nil
}

type set struct {
	previous   []metav1.Condition
	result     []metav1.Condition
	generation int64
	now        metav1.Time
}

func (s *set) add(conditionType string, status metav1.ConditionStatus, reason, message string) {
	if len(message) > maxMessage {
		message = message[:maxMessage]
	}
	c := metav1.Condition{
		Type: conditionType, Status: status, Reason: reason, Message: message,
		ObservedGeneration: s.generation, LastTransitionTime: s.now,
	}
	if old := meta.FindStatusCondition(s.previous, conditionType); old != nil && old.Status == status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	s.result = append(s.result, c)
}
