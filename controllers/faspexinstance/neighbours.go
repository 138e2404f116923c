package faspexinstance

import (
	"cmp"
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/phase"
)

// databaseIsApart sees to it that no other FaspexInstance that the operator serves has the same database, or one of which the name
// begins with the other's, on the same server. The name is whose database was provisioned first; an instance that has been migrated is
// left alone. Servers are told apart by what specs call them: what a server itself has is looked at when the database is made.
func (r *reconciler) databaseIsApart(ctx context.Context, o *observed) phase.Outcome {
	done := phase.Done(v1alpha1.ReasonSucceeded, "")
	if o.instance.Spec.Database.External == nil || o.instance.Status.Version != "" {
		return done
	}
	var list v1alpha1.FaspexInstanceList
	if err := r.client.List(ctx, &list); err != nil {
		return apply.Outcome(err)
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID != o.instance.UID && other.Spec.Database.External != nil && precedes(other, o.instance) &&
			collide(desired.DatabaseOf(other), o.database) {
			// It is not named: it may be in a namespace that is no business of whoever reads this.
			return phase.Invalid(v1alpha1.ReasonConflict, mariadb.NameTaken("another FaspexInstance has a database on "+o.database.Host)).
				After(provisionRecheck)
		}
	}
	return done
}

// precedes tells whether a has a better claim to a name than b. One that has no database yet has none, so that nobody can reserve a
// name on a server that he has no credentials for.
func precedes(a, b *v1alpha1.FaspexInstance) bool {
	if !provisioned(a) || !provisioned(b) {
		return provisioned(a)
	}
	return cmp.Or(
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name)) < 0
}

func provisioned(instance *v1alpha1.FaspexInstance) bool {
	return instance.Status.Version != "" || meta.IsStatusConditionTrue(instance.Status.Conditions, v1alpha1.ConditionDatabaseProvisioned)
}

func collide(a, b desired.Database) bool {
	host := func(d desired.Database) string { return strings.TrimSuffix(strings.ToLower(d.Host), ".") }
	return host(a) == host(b) && a.Port == b.Port && (strings.HasPrefix(a.Name, b.Name) || strings.HasPrefix(b.Name, a.Name))
}
