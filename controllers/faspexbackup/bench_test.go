package faspexbackup

import (
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/backupjob/jobtest"
	"faspex.io/operator/internal/backup"
	"faspex.io/operator/test/kubeapi"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/s3d"
)

// bench is one namespace of a real API server with an instance over a real MariaDB, and Jobs that are run.
type bench struct {
	t         *testing.T
	client    client.Client
	namespace string
	r         *reconciler
	jobs      *jobtest.Jobs
	s3        *s3d.Server
	key       *backup.Key
	database  string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	c := kubeapi.Client(t)
	b := &bench{t: t, client: c, namespace: kubeapi.Namespace(t, c), s3: s3d.Start(t)}
	b.jobs = jobtest.New(t, c, b.namespace)
	b.r = newReconciler(c, c, events.NewFakeRecorder(1000), Options{OperatorImage: "operator:test"})
	server := mariadbd.Start(t)
	config := server.Database(t)
	b.database = config.DBName
	db := mariadbd.Open(t, config)
	for _, s := range []string{"CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(50))",
		"INSERT INTO people VALUES (1, 'Ada'), (2, 'Grace')"} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	identity, err := backup.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if b.key, err = backup.ParseKey([]byte(identity)); err != nil {
		t.Fatal(err)
	}
	b.secret("key", map[string]string{"identity": identity})
	b.secret("s3", map[string]string{"accessKeyID": "id", "secretAccessKey": "secret"})
	b.secret("s3-ca", map[string]string{"ca.crt": string(b.s3.CA)})
	b.secret("demo-core", map[string]string{"FASPEX_CORE_SECRET": "core-secret-1", "FASPEX_CORE_OLD_SECRET": "core-secret-2"})
	b.secret("demo-admin", map[string]string{"username": "admin", "password": "admin-secret"})
	b.secret("demo-db", map[string]string{"FASPEX_DB_ROOT_USERNAME": "root",
		"FASPEX_DB_ROOT_PASSWORD": mariadbd.RootPassword})
	b.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demo-db", Namespace: b.namespace},
		Data: map[string]string{"FASPEX_DB_HOST": server.Host, "FASPEX_DB_PORT": strconv.Itoa(server.Port),
			"FASPEX_DB_USE_TLS": "false"}})
	instance := &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com",
			Database: v1alpha1.DatabaseSpec{External: &v1alpha1.ExternalDatabase{
				Host: server.Host, Port: int32(server.Port), Database: "faspex_" + b.database,
				RootSecretRef: v1alpha1.SecretReference{Name: "root"},
			}},
			Backup: &v1alpha1.InstanceBackupSpec{Target: b.bucket(),
				Encryption: v1alpha1.BackupEncryption{SecretRef: v1alpha1.SecretReference{Name: "key"}}},
		},
	}
	root := mariadbd.Open(t, server.RootConfig())
	for _, s := range []string{"CREATE DATABASE faspex_" + b.database,
		"CREATE TABLE faspex_" + b.database + ".people AS SELECT * FROM " + b.database + ".people"} {
		if _, err := root.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	b.create(instance)
	instance.Status.Version = "0.1.0"
	if err := c.Status().Update(t.Context(), instance); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) bucket() v1alpha1.BackupTarget {
	return v1alpha1.BackupTarget{S3: &v1alpha1.S3Target{
		Endpoint: b.s3.Endpoint, Bucket: b.s3.Bucket, CredentialsSecretRef: v1alpha1.SecretReference{Name: "s3"},
		CASecretRef: &v1alpha1.SecretReference{Name: "s3-ca"},
	}}
}

func (b *bench) secret(name string, data map[string]string) {
	b.t.Helper()
	b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: b.namespace}, StringData: data})
}

func (b *bench) create(object client.Object) {
	b.t.Helper()
	if err := b.client.Create(b.t.Context(), object); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) fetch(name string, object client.Object) bool {
	b.t.Helper()
	err := b.client.Get(b.t.Context(), client.ObjectKey{Namespace: b.namespace, Name: name}, object)
	if client.IgnoreNotFound(err) != nil {
		b.t.Fatal(err)
	}
	return err == nil
}

// ask makes a FaspexBackup called now.
func (b *bench) ask(change func(*v1alpha1.FaspexBackup)) {
	b.t.Helper()
	object := &v1alpha1.FaspexBackup{
		ObjectMeta: metav1.ObjectMeta{Name: "now", Namespace: b.namespace},
		Spec:       v1alpha1.FaspexBackupSpec{InstanceRef: v1alpha1.ObjectReference{Name: "demo"}},
	}
	if change != nil {
		change(object)
	}
	b.create(object)
}

// settle reconciles and runs Jobs until nothing changes any more. It returns nil when the backup is gone.
func (b *bench) settle() *v1alpha1.FaspexBackup {
	b.t.Helper()
	for range 40 {
		before := b.r.applier.Changes()
		_, err := b.r.frame().Reconcile(b.t.Context(),
			ctrl.Request{NamespacedName: client.ObjectKey{Namespace: b.namespace, Name: "now"}})
		if err != nil {
			b.t.Fatal(err)
		}
		if worked := b.jobs.Work(); !worked && b.r.applier.Changes() == before {
			object := &v1alpha1.FaspexBackup{}
			if !b.fetch("now", object) {
				return nil
			}
			return object
		}
	}
	b.t.Fatal("it does not settle")
	return nil
}

func (b *bench) want(object *v1alpha1.FaspexBackup, condition string, status metav1.ConditionStatus, reason,
	message string) {
	b.t.Helper()
	c := meta.FindStatusCondition(object.Status.Conditions, condition)
	if c == nil || c.Status != status || c.Reason != reason || !strings.Contains(c.Message, message) {
		b.t.Errorf("%s is %+v; want %s, %s, %q", condition, c, status, reason, message)
	}
}

// objects are the names in the bucket, beneath the prefix of the instance, without the id.
func (b *bench) objects() []string {
	b.t.Helper()
	var names []string
	for _, o := range b.s3.Objects(b.t, b.namespace+"/demo/") {
		names = append(names, o[strings.LastIndexByte(o, '/')+1:])
	}
	return names
}
