package faspexinstance

import (
	"context"
	"slices"
	"strings"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/certificate"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
)

// finalize waits for the TransferNodes of the instance to go and then, if the policy says so, removes what it made in
// an external database, and what nobody owns. Everything else goes by garbage collection.
func (r *reconciler) finalize(ctx context.Context, instance *v1alpha1.FaspexInstance) phase.Outcome {
	dependents, err := r.dependents(ctx, instance)
	if err != nil {
		return apply.Outcome(err)
	}
	if len(dependents) > 0 {
		return phase.Waiting(v1alpha1.ReasonDependents, "waits for these TransferNodes to be deleted: "+
			strings.Join(dependents, ", "))
	}
	if !desired.RetainsData(instance) && instance.Spec.Database.External != nil {
		outcome := r.orLeave(ctx, instance, r.dropExternal(ctx, instance))
		if !outcome.IsDone() {
			outcome.Message += "; with spec.deletionPolicy Retain the instance goes and leaves its data there"
			return outcome
		}
	}
	if !desired.RetainsData(instance) {
		if err := r.removeDumps(ctx, instance); err != nil {
			return apply.Outcome(err)
		}
	}
	forgetBackupMetrics(instance.Namespace, instance.Name)
	// Last, because the Secrets are of use for as long as the policy may still change.
	if outcome := r.settlePolicy(ctx, instance); !outcome.IsDone() {
		return outcome
	}
	return r.removeKept(ctx, instance)
}

// leavePatience is how long a namespace that is being deleted is held up by an external server that does not answer.
const leavePatience = time.Minute

// orLeave gives up on what could not be removed from an external server when the whole namespace is being deleted: the
// Secret that opens it goes with the namespace, and whoever deletes that is not there any more to mend anything.
func (r *reconciler) orLeave(ctx context.Context, instance *v1alpha1.FaspexInstance, outcome phase.Outcome) phase.Outcome {
	if outcome.IsDone() {
		return outcome
	}
	ends, err := r.applier.NamespaceEnds(ctx, instance.Namespace)
	if err != nil {
		return apply.Outcome(err)
	}
	noSecret := outcome.Reason == v1alpha1.ReasonSecretNotFound
	if !ends || !noSecret && r.now().Sub(instance.DeletionTimestamp.Time) < leavePatience {
		return outcome
	}
	ctrl.LoggerFrom(ctx).Info("left the data in the external database: the namespace is being deleted",
		"instance", instance.Name, "database", desired.DatabaseOf(instance).Name, "why", outcome.Message)
	return phase.Done(v1alpha1.ReasonDeleting, "")
}

// dependents are the names of the TransferNodes that belong to the instance.
func (r *reconciler) dependents(ctx context.Context, instance *v1alpha1.FaspexInstance) ([]string, error) {
	var list v1alpha1.TransferNodeList
	if err := r.client.List(ctx, &list, client.InNamespace(instance.Namespace)); err != nil {
		return nil, err
	}
	var names []string
	for _, node := range list.Items {
		if node.Spec.InstanceRef.Name == instance.Name {
			names = append(names, node.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// dropExternal removes database and users from an external server. It asks for the given root user, not for the copy in
// our own Secret, which may be gone.
func (r *reconciler) dropExternal(ctx context.Context, instance *v1alpha1.FaspexInstance) phase.Outcome {
	external := instance.Spec.Database.External
	db := desired.DatabaseOf(instance)
	given, err := r.secrets.Read(ctx, instance.Namespace, external.RootSecretRef.Name,
		"spec.database.external.rootSecretRef", "username", "password")
	if err != nil {
		return secrets.Outcome(err)
	}
	var ca map[string][]byte
	if db.CASecret != "" {
		if ca, err = r.secrets.Read(ctx, instance.Namespace, db.CASecret, "spec.database.external.tls.caSecretRef",
			certificate.CAKey); err != nil {
			return secrets.Outcome(err)
		}
	}
	root := map[string][]byte{desired.KeyRootUsername: given["username"], desired.KeyRootPassword: given["password"]}
	s, err := server(db, root, ca)
	if err != nil {
		return secrets.Outcome(err)
	}
	if err := mariadb.Drop(ctx, s, db.Name, db.AdminUser, db.User); err != nil {
		return mariadb.Outcome(s, err)
	}
	return phase.Done(v1alpha1.ReasonDeleting, "database and users are removed")
}
