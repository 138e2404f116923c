package faspexapi

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/conditions"
	"faspex.io/operator/controllers/phase"
	faspexclient "faspex.io/operator/faspex/client"
)

// recheck is how often credentials that are not complete are looked for: no watch is on all that they are made of.
const recheck = 30 * time.Second

// Ready tells whether everything of an instance is as its spec asks.
func Ready(instance *v1alpha1.FaspexInstance) bool {
	return conditions.IsTrue(instance.Status.Conditions, v1alpha1.ConditionReady, instance.Generation)
}

// Serves tells whether the parts of an instance that the API needs are there, as far as it was last looked at: those of
// an instance that is suspended, or of which another part is broken, are.
func Serves(instance *v1alpha1.FaspexInstance) bool {
	for _, part := range []string{v1alpha1.ConditionCoreReady, v1alpha1.ConditionRouterReady} {
		if !meta.IsStatusConditionTrue(instance.Status.Conditions, part) {
			return false
		}
	}
	return true
}

// Known is the outcome of a call about something that Faspex knows already: whether it answers now is the instance's
// affair while that says itself that it is not ready. what is what Faspex knows.
func Known(instance *v1alpha1.FaspexInstance, what string, outcome phase.Outcome) phase.Outcome {
	if outcome.IsDone() || outcome.Reason != v1alpha1.ReasonFaspexUnreachable || Ready(instance) {
		return outcome
	}
	return phase.Done(v1alpha1.ReasonSucceeded, what+"; the FaspexInstance is not ready and does not answer now").
		After(recheck)
}

// Failed is the outcome of a call that failed: what was tried, and whether Faspex refused or did not answer. Everything
// here heals by itself when Faspex does, so nothing of it stalls an object.
func Failed(what string, err error) phase.Outcome {
	var refused *faspexclient.Error
	switch {
	case errors.Is(err, ErrNotConfigured):
		return phase.Waiting(v1alpha1.ReasonInstanceNotReady, what+": "+ErrNotConfigured.Error()).After(recheck)
	case faspexclient.IsUnauthorized(err):
		return phase.Transient(v1alpha1.ReasonFaspexRefused, what+": Faspex refused the operator's API client", err)
	case errors.As(err, &refused):
		return phase.Transient(v1alpha1.ReasonFaspexRefused,
			fmt.Sprintf("%s: Faspex answered %d: %s", what, refused.Status, refused.Message), err)
	default:
		return phase.Transient(v1alpha1.ReasonFaspexUnreachable, what+": the Faspex API does not answer", err)
	}
}
