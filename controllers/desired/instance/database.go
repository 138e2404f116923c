package instance

import (
	"strings"

	"faspex.io/operator/api/v1alpha1"
)

const (
	databasePort        = 3306
	defaultDatabaseName = "faspex"
)

// Keys of the Secrets db and db-user, which are also the documented environment variables.
const (
	KeyRootUsername  = "FASPEX_DB_ROOT_USERNAME"
	KeyRootPassword  = "FASPEX_DB_ROOT_PASSWORD"
	KeyAdminUsername = "FASPEX_DB_ASPERA_ADMIN_USERNAME"
	KeyAdminPassword = "FASPEX_DB_ASPERA_ADMIN_PASSWORD"
	KeyUsername      = "FASPEX_DB_USERNAME"
	KeyPassword      = "FASPEX_DB_PASSWORD"
)

// Database is where the database of an instance is, and what its database and users are called.
type Database struct {
	Host      string
	Port      int32
	Name      string
	AdminUser string
	User      string
	// TLS: connections are encrypted and the server is verified.
	TLS bool
	// CASecret, if not empty, is the Secret with the authorities that the server's
	// certificate descends from, under ca.crt.
	CASecret string
}

// DatabaseOf is the database of instance.
func DatabaseOf(instance *v1alpha1.FaspexInstance) Database {
	external := instance.Spec.Database.External
	if external == nil {
		return Database{
			Host: NamesOf(instance.Name).Database + "." + instance.Namespace + ".svc", Port: databasePort,
			Name: defaultDatabaseName, AdminUser: "aspera", User: "faspex",
		}
	}
	db := Database{Host: external.Host, Port: external.Port, Name: external.Database}
	if db.Port == 0 {
		db.Port = databasePort
	}
	if db.Name == "" {
		db.Name = defaultDatabaseName
	}
	suffix := strings.TrimPrefix(db.Name, defaultDatabaseName)
	db.AdminUser, db.User = "aspera"+suffix, "faspex"+suffix
	if external.TLS != nil {
		db.TLS = true
		if external.TLS.CASecretRef != nil {
			db.CASecret = external.TLS.CASecretRef.Name
		}
	}
	return db
}

// RetainsData tells whether the data outlives the instance.
func RetainsData(instance *v1alpha1.FaspexInstance) bool {
	return instance.Spec.DeletionPolicy != v1alpha1.DeletionPolicyDelete
}
