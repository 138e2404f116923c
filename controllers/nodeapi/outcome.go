package nodeapi

import (
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// recheck is how often credentials that are not complete are looked for: no watch is on all that they are made of.
const recheck = 30 * time.Second

// Failed is the outcome of a call that failed: what was tried, and whether the node refused or did not answer.
// Everything here heals by itself when the node does, so nothing of it stalls an object.
func Failed(what string, err error) phase.Outcome {
	var refused *nodeclient.Error
	switch {
	case errors.Is(err, ErrNotConfigured):
		return phase.Waiting(v1alpha1.ReasonProgressing, what+": "+ErrNotConfigured.Error()).After(recheck)
	case nodeclient.IsUnauthorized(err):
		return phase.Transient(v1alpha1.ReasonNodeRefused, what+": the node refused the credentials", err)
	case errors.As(err, &refused):
		return phase.Transient(v1alpha1.ReasonNodeRefused,
			fmt.Sprintf("%s: the node answered %d: %s", what, refused.Status, refused.UserMessage), err)
	default:
		return phase.Transient(v1alpha1.ReasonNodeUnreachable, what+": the node api does not answer", err)
	}
}
