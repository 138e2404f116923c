package apply

import (
	"errors"
	"time"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
)

// conflictRecheck is how often an object of someone else is looked at again: no watch tells when it goes away.
const conflictRecheck = 30 * time.Second

// Outcome is what an error of this package means for the phase that met it.
func Outcome(err error) phase.Outcome {
	if errors.Is(err, ErrConflict) {
		return phase.Waiting(v1alpha1.ReasonConflict, err.Error()).After(conflictRecheck)
	}
	return phase.Transient(v1alpha1.ReasonAPIError, "a call to the Kubernetes API failed and is retried", err)
}
