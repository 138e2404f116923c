package apply

import (
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
)

// conflictRecheck is how often an object of someone else, or one that the API server refused, is looked at again: no
// watch tells when the reason goes away.
const conflictRecheck = 30 * time.Second

// Outcome is what an error of this package means for the phase that met it. What the API server will not take as
// it is comes from the spec, in a field that admission cannot judge (a label, a toleration, a port of a
// Service): a person has to change it.
func Outcome(err error) phase.Outcome {
	switch {
	case errors.Is(err, ErrConflict):
		return phase.Waiting(v1alpha1.ReasonConflict, err.Error()).After(conflictRecheck)
	case apierrors.IsInvalid(err):
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, refusal(err)).After(conflictRecheck)
	}
	return phase.Transient(v1alpha1.ReasonAPIError, "a call to the Kubernetes API failed and is retried", err)
}

// refusal tells the kind and the fields that the API server refused, and no name and no value of theirs: they may be
// generated or secret. Of a Service, which has neither, it tells the API server's words: they say which ports there may
// be.
func refusal(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return "the API server refuses an object made of the spec"
	}
	details := status.Status().Details
	var fields []string
	for _, cause := range details.Causes {
		if cause.Field != "" && details.Kind == "Service" {
			fields = append(fields, cause.Field+": "+cause.Message)
		} else if cause.Field != "" {
			fields = append(fields, cause.Field)
		}
	}
	return fmt.Sprintf("the API server refuses the %s made of the spec, because of %s", details.Kind,
		strings.Join(fields, ", "))
}
