package policy

import (
	"errors"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
)

// Outcome is what an error of this package, or none, means for the phase that met it.
func Outcome(err error) phase.Outcome {
	switch {
	case errors.Is(err, ErrSystemFolder):
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, err.Error())
	case err != nil:
		return phase.Invalid(v1alpha1.ReasonNotAllowed, err.Error())
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "the operator permits the images and folders that the spec names")
}
