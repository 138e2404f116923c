package mariadb

import (
	"crypto/tls"
	"errors"
	"time"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
)

// recheck is how soon a database that did not answer is tried again: nothing tells when it is back.
const recheck = 10 * time.Second

// NameTaken says that other is in the way of spec.database.external.database, and what to do.
func NameTaken(other string) string {
	return "spec.database.external.database: " + other + " of that name, or one of the names begins with the other: " +
		"make the instance with another name, such as faspex_a beside faspex_b"
}

// Outcome is what an error of this package means for the phase that met it. The message names
// the server, never a credential.
func Outcome(server Server, err error) phase.Outcome {
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		return phase.Waiting(v1alpha1.ReasonDatabaseUnreachable, "the certificate of the database server "+server.Addr()+
			" cannot be verified").After(recheck)
	case errors.Is(err, ErrAccessDenied):
		return phase.Waiting(v1alpha1.ReasonDatabaseAccessDenied, "the database server "+server.Addr()+
			" refused the credentials").After(recheck)
	case errors.Is(err, ErrHostRefused):
		return phase.Waiting(v1alpha1.ReasonDatabaseAccessDenied, "the database server "+server.Addr()+
			" refuses connections from the operator's address: give the user of the root Secret a host that covers"+
			" the cluster's addresses ('%'), and, if it blocks the address after errors, flush its hosts").After(recheck)
	case errors.Is(err, ErrBusy):
		return phase.Waiting(v1alpha1.ReasonDatabaseUnreachable, "the database server "+server.Addr()+
			" has too many connections").After(recheck)
	case errors.Is(err, ErrUnreachable):
		return phase.Waiting(v1alpha1.ReasonDatabaseUnreachable, "the database server "+server.Addr()+
			" does not answer").After(recheck)
	case errors.Is(err, ErrNameTaken):
		// The other database may be dropped, and nothing tells.
		return phase.Invalid(v1alpha1.ReasonConflict, NameTaken("the database server "+server.Addr()+
			" has another database")).After(recheck)
	default:
		return phase.Transient(v1alpha1.ReasonDatabaseError, "the database server "+server.Addr()+" refused a statement", err)
	}
}
