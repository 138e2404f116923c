package secrets

import (
	"errors"
	"time"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/phase"
)

// recheck is how often a missing Secret is looked for besides the watch.
const recheck = time.Minute

// Outcome is what an error of this package means for the phase that met it. A Secret that is missing or lacks a key is
// waited for: whoever makes it may come later.
func Outcome(err error) phase.Outcome {
	switch {
	case errors.Is(err, ErrNotFound):
		return phase.Waiting(v1alpha1.ReasonSecretNotFound, err.Error()).After(recheck)
	case errors.Is(err, ErrInvalid):
		return phase.Waiting(v1alpha1.ReasonSecretInvalid, err.Error()).After(recheck)
	default:
		return apply.Outcome(err)
	}
}
