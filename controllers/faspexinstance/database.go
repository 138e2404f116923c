package faspexinstance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/certificate"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/podtemplate"
	"faspex.io/operator/controllers/secrets"
)

// provisionRecheck is how often the users, their rights and the database are compared with what they should be: nothing
// tells when someone changes them by hand.
const provisionRecheck = time.Minute

// databaseReady runs the embedded MariaDB and sees that the server lets the root user in.
func (r *reconciler) databaseReady(ctx context.Context, o *observed) phase.Outcome {
	if o.instance.Spec.Database.Embedded != nil {
		if outcome := r.embeddedDatabase(ctx, o); !outcome.IsDone() {
			return outcome
		}
	}
	server, err := o.rootServer()
	if err != nil {
		return secrets.Outcome(err)
	}
	if err := server.Ping(ctx); err != nil {
		return mariadb.Outcome(server, err)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "the database server answers")
}

func (r *reconciler) embeddedDatabase(ctx context.Context, o *observed) phase.Outcome {
	names := desired.NamesOf(o.instance.Name)
	hash := desired.ConfigHash(
		o.config[names.DatabaseScript].Bytes(), map[string][]byte{desired.KeyRootPassword: o.root[desired.KeyRootPassword]})
	if _, err := r.applier.Apply(ctx, nobody, desired.DatabaseService(o.instance)); err != nil {
		return apply.Outcome(err)
	}
	if err := r.restrict(ctx, o, nobody, desired.DatabaseNetworkPolicy(o.instance, r.operatorNamespace)); err != nil {
		return apply.Outcome(err)
	}
	set := &appsv1.StatefulSet{}
	key := client.ObjectKey{Namespace: o.instance.Namespace, Name: names.Database}
	if err := r.client.Get(ctx, key, set); client.IgnoreNotFound(err) != nil {
		return apply.Outcome(err)
	}
	volume, outcome := r.volume(ctx, o, set)
	if !outcome.IsDone() && !outcome.IsInvalid() {
		return outcome
	}
	wanted := desired.DatabaseStatefulSet(o.instance, volume, hash)
	kept, err := podtemplate.Keep(set, wanted.Spec.Template, podtemplate.Inputs{
		Release: r.release, Generation: o.instance.Generation, Given: desired.ConfigHash(
			map[string][]byte{desired.KeyRootPassword: o.root[desired.KeyRootPassword]})})
	if err != nil {
		return apply.Outcome(err)
	}
	wanted.Spec.Template = kept.Template
	changed, err := r.applier.Apply(ctx, nobody, wanted.WithAnnotations(kept.Annotations).WithLabels(kept.Labels))
	if err != nil {
		return apply.Outcome(err)
	}
	generation := set.Generation
	from := client.Reader(r.client)
	if changed { // the cache does not know it yet
		from = r.direct
	}
	if err := from.Get(ctx, key, set); client.IgnoreNotFound(err) != nil {
		return apply.Outcome(err)
	}
	changed = changed && set.Generation != generation
	if outcome.IsInvalid() {
		return outcome // the pod runs on, with the volume that it has
	}
	// The revisions are not compared: they come and go with the pod's readiness, which is what counts.
	if changed || set.Status.ObservedGeneration < set.Generation || set.Status.ReadyReplicas < 1 ||
		set.Status.UpdatedReplicas < 1 {
		return r.explain(ctx, phase.Waiting(v1alpha1.ReasonProgressing, "the pod of MariaDB is not ready"), set,
			desired.SelectorLabels(o.instance, desired.ComponentDatabase))
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "the pod of MariaDB is ready")
}

// databaseProvisioned makes the database, its users and their rights, and repairs them.
func (r *reconciler) databaseProvisioned(ctx context.Context, o *observed) phase.Outcome {
	if outcome := r.databaseIsApart(ctx, o); !outcome.IsDone() {
		return outcome
	}
	server, err := o.rootServer()
	if err != nil {
		return secrets.Outcome(err)
	}
	turning, err := r.turning(ctx, o)
	if err != nil {
		return apply.Outcome(err)
	}
	account := func(name, user string, present []byte) mariadb.Account {
		return mariadb.Account{Name: name, Password: string(present), Beside: turning.Beside(user, present)}
	}
	changes, err := mariadb.Provision(ctx, server, mariadb.Faspex(o.database.Name,
		account(o.database.AdminUser, adminUser, o.root[desired.KeyAdminPassword]),
		account(o.database.User, restrictedUser, o.databaseUser[desired.KeyPassword])))
	if len(changes) > 0 {
		ctrl.LoggerFrom(ctx).Info("provisioned the database", "instance", o.instance.Name, "changes", changes)
		repaired := slices.DeleteFunc(changes, mariadb.OfRotation)
		if len(repaired) > 0 &&
			meta.IsStatusConditionTrue(o.instance.Status.Conditions, v1alpha1.ConditionDatabaseProvisioned) {
			r.recorder.Eventf(o.instance, nil, corev1.EventTypeWarning, v1alpha1.EventDatabaseRepaired, "Provision", "%s",
				strings.Join(repaired, "; "))
		}
	}
	if err != nil {
		return mariadb.Outcome(server, err)
	}
	if turning.Pending() {
		if err := r.replace(ctx, o); err != nil {
			return apply.Outcome(err)
		}
	}
	o.passwordsEnd = turning.Pending() || turning.Ending()
	return phase.Done(v1alpha1.ReasonSucceeded,
		"the database, its users and their rights are as they should be").After(provisionRecheck)
}

// rootServer is the database server for its root user, once the Secrets are read.
func (o *observed) rootServer() (mariadb.Server, error) {
	return server(o.database, o.root, o.databaseCA)
}

func server(db desired.Database, root, ca map[string][]byte) (mariadb.Server, error) {
	s := mariadb.Server{
		Host: db.Host, Port: db.Port,
		User: string(root[desired.KeyRootUsername]), Password: string(root[desired.KeyRootPassword]),
	}
	if !db.TLS {
		return s, nil
	}
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if db.CASecret != "" {
		s.TLS.RootCAs = x509.NewCertPool()
		if !s.TLS.RootCAs.AppendCertsFromPEM(ca[certificate.CAKey]) {
			return s, fmt.Errorf("spec.database.external.tls.caSecretRef: %w: %s holds no certificate", secrets.ErrInvalid,
				certificate.CAKey)
		}
	}
	return s, nil
}

// DatabaseServer returns a function that tells where the database server of an instance is, with its root user, for
// whoever needs a database of his own in it. The function's error wraps secrets.ErrNotFound or secrets.ErrInvalid while
// the instance has not got that far.
func DatabaseServer(store *secrets.Store) func(context.Context, *v1alpha1.FaspexInstance) (mariadb.Server, error) {
	return func(ctx context.Context, instance *v1alpha1.FaspexInstance) (mariadb.Server, error) {
		if restoring(instance) {
			return mariadb.Server{}, fmt.Errorf("the instance is being restored: %w", secrets.ErrNotFound)
		}
		db := desired.DatabaseOf(instance)
		root, err := store.Read(ctx, instance.Namespace, desired.NamesOf(instance.Name).Database, "database secret",
			desired.KeyRootUsername, desired.KeyRootPassword)
		if err != nil {
			return mariadb.Server{}, err
		}
		var ca map[string][]byte
		if db.CASecret != "" {
			if ca, err = store.Read(ctx, instance.Namespace, db.CASecret, "spec.database.external.tls.caSecretRef",
				certificate.CAKey); err != nil {
				return mariadb.Server{}, err
			}
		}
		return server(db, root, ca)
	}
}
