package transfernode

import (
	"context"
	"errors"
	"strconv"

	ctrl "sigs.k8s.io/controller-runtime"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/internal/backup"
)

// Keys of the database Secret; hsts reads them from its environment.
const (
	dbHost     = "HSTS_DB_HOST"
	dbPort     = "HSTS_DB_PORT"
	dbDatabase = "HSTS_DB_DATABASE"
	dbUsername = "HSTS_DB_USERNAME"
	dbPassword = "HSTS_DB_PASSWORD"
	dbUseTLS   = "HSTS_DB_USE_TLS"
)

// databaseName is the name of the node's database and of its user.
func databaseName(node *v1alpha1.TransferNode) string {
	return backup.NodeDatabase(node.Namespace, node.Name)
}

// databaseProvisioned makes the node's own database and user, and repairs them. The password is in the Secret before it
// is in the database.
func (r *reconciler) databaseProvisioned(ctx context.Context, o *observed) phase.Outcome {
	if o.instance == nil {
		return phase.Waiting(v1alpha1.ReasonInstanceNotFound, "spec.instanceRef.name: the FaspexInstance does not exist")
	}
	server, err := r.DatabaseServer(ctx, o.instance)
	if err != nil {
		return noServer(err)
	}
	name := databaseName(o.node)
	env, outcome := r.ensure(ctx, o, secrets.Wanted{
		Name: desired.NamesOf(o.node.Name).Database,
		Fixed: map[string][]byte{
			dbHost:     []byte(server.Host),
			dbPort:     []byte(strconv.Itoa(int(server.Port))),
			dbDatabase: []byte(name),
			dbUsername: []byte(name),
			dbUseTLS:   []byte(strconv.FormatBool(server.TLS != nil)),
		},
		Keys:     []string{dbPassword},
		Generate: func() (map[string][]byte, error) { return map[string][]byte{dbPassword: secrets.Password()}, nil },
	})
	if !outcome.IsDone() {
		return outcome
	}
	changes, err := mariadb.Provision(ctx, server, mariadb.HSTS(name,
		mariadb.Account{Name: name, Password: string(env[dbPassword])}))
	if len(changes) > 0 {
		ctrl.LoggerFrom(ctx).Info("provisioned the database", "node", o.node.Name, "changes", changes)
	}
	if err != nil {
		return mariadb.Outcome(server, err)
	}
	o.databaseEnv = env
	return phase.Done(v1alpha1.ReasonSucceeded, "the database and its user are there").After(resync)
}

// noServer is the outcome while the instance cannot say where its database is.
func noServer(err error) phase.Outcome {
	if errors.Is(err, secrets.ErrNotFound) || errors.Is(err, secrets.ErrInvalid) {
		return phase.Waiting(v1alpha1.ReasonInstanceNotReady,
			"the database credentials of the FaspexInstance are not there yet").After(resync)
	}
	return phase.Transient(v1alpha1.ReasonAPIError, "the database credentials of the FaspexInstance cannot be read", err)
}
