package faspexapi

import (
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
	faspexclient "faspex.io/operator/faspex/client"
)

// recheck is how often credentials that are not complete are looked for: no watch is on all that they are made of.
const recheck = 30 * time.Second

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
