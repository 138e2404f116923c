package faspexinstance

import (
	"bytes"
	"database/sql"
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/internal/backup"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/s3d"
)

// source is an instance with people and a node, backed up to a bucket.
type source struct {
	*bench
	s3       *s3d.Server
	identity string
	backup   v1alpha1.FaspexBackup
}

func newSource(t *testing.T, suffix string) *source {
	t.Helper()
	b := newBench(t)
	s := &source{bench: b, s3: s3d.Start(t), identity: identity(t)}
	instance := b.external(suffix)
	instance.Spec.Backup = b.bucket(s.s3, s.identity)
	b.create(instance)
	wantReady(t, b.settle())
	b.migrate("faspex_" + suffix)
	node := backup.NodeDatabase(b.namespace, "site")
	b.sql("CREATE TABLE faspex_"+suffix+".people (name VARCHAR(40))",
		"INSERT INTO faspex_"+suffix+".people VALUES ('Ada'), ('Grace')",
		"CREATE DATABASE "+node, "CREATE TABLE "+node+".access_keys (id VARCHAR(40))",
		"INSERT INTO "+node+".access_keys VALUES ('ak1')")
	b.create(b.node("site"))
	b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "site-token-keys", Namespace: b.namespace},
		StringData: map[string]string{"active": "k1"}})
	b.create(&v1alpha1.FaspexBackup{ObjectMeta: metav1.ObjectMeta{Name: "move", Namespace: b.namespace},
		Spec: v1alpha1.FaspexBackupSpec{InstanceRef: v1alpha1.ObjectReference{Name: "demo"}}})
	b.settle()
	b.get("move", &s.backup)
	if s.backup.Status.CompletionTime == nil {
		t.Fatalf("the backup is %+v", s.backup.Status)
	}
	return s
}

// node is a TransferNode of the instance.
func (b *bench) node(name string) *v1alpha1.TransferNode {
	return &v1alpha1.TransferNode{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: b.namespace},
		Spec: v1alpha1.TransferNodeSpec{InstanceRef: v1alpha1.ObjectReference{Name: "demo"},
			NodeSelector: map[string]v1alpha1.LabelValue{"a": "b"}, Storage: []v1alpha1.StorageMount{{Name: "main",
				HostPath: &v1alpha1.HostPathStorage{Path: "/srv/x"}}}}}
}

// migrate does what the migration Job would.
func (b *bench) migrate(database string) {
	b.t.Helper()
	server := mariadbd.Start(b.t)
	if _, _, err := store.Migrate(b.t.Context(), store.Config{Host: server.Host, Port: server.Port, Database: database,
		Username: "root", Password: mariadbd.RootPassword}); err != nil {
		b.t.Fatal(err)
	}
}

// restoreTo is an instance in a namespace of its own that begins with the backup.
func (s *source) restoreTo(suffix string) (*bench, *v1alpha1.FaspexInstance) {
	s.t.Helper()
	b := newBench(s.t)
	instance := b.external(suffix)
	given := b.bucket(s.s3, s.identity)
	given.Target.Prefix = s.namespace + "/demo"
	instance.Spec.RestoreFrom = &v1alpha1.RestoreFrom{Target: &given.Target, Encryption: &given.Encryption}
	return b, instance
}

func (b *bench) migrations() []string {
	b.t.Helper()
	var jobs batchv1.JobList
	if err := b.client.List(b.t.Context(), &jobs, client.InNamespace(b.namespace),
		client.MatchingLabels{desired.LabelComponent: desired.ComponentMigration}); err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, j := range jobs.Items {
		names = append(names, j.Name)
	}
	return names
}

func (b *bench) image(deployment string) string {
	b.t.Helper()
	d := &appsv1.Deployment{}
	b.get(deployment, d)
	return d.Spec.Template.Spec.Containers[0].Image
}

func (b *bench) deployments() int {
	b.t.Helper()
	var list appsv1.DeploymentList
	if err := b.client.List(b.t.Context(), &list, client.InNamespace(b.namespace)); err != nil {
		b.t.Fatal(err)
	}
	return len(list.Items)
}

func (b *bench) names(query string) []string {
	b.t.Helper()
	rows, err := mariadbd.Open(b.t, mariadbd.Start(b.t).RootConfig()).QueryContext(b.t.Context(), query)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name sql.NullString
		if err := rows.Scan(&name); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, name.String)
	}
	if err := rows.Err(); err != nil {
		b.t.Fatal(err)
	}
	return all
}

// checkRestored sees that all of the source is in the other namespace.
func (s *source) checkRestored(b *bench, suffix string) {
	s.t.Helper()
	i := b.settle()
	wantReady(s.t, i)
	want(s.t, i, v1alpha1.ConditionRestored, metav1.ConditionTrue, v1alpha1.ReasonSucceeded,
		"restored from backup "+s.backup.Status.ID+" of "+s.namespace+"/demo")
	if got := b.names("SELECT name FROM faspex_" + suffix + ".people ORDER BY 1"); !slices.Equal(got,
		[]string{"Ada", "Grace"}) {
		s.t.Errorf("people are %v", got)
	}
	if got := b.names("SELECT id FROM " + backup.NodeDatabase(b.namespace, "site") + ".access_keys"); !slices.Equal(got,
		[]string{"ak1"}) {
		s.t.Errorf("access keys are %v", got)
	}
	for _, name := range []string{"demo-core", "demo-admin", "site-token-keys"} {
		if !maps.EqualFunc(dataOf(b, name), dataOf(s.bench, name), bytes.Equal) {
			s.t.Errorf("Secret %s is another", name)
		}
	}
}

// TestInstanceIsRestoredElsewhere: another namespace has the data and the Secrets of the backup, and later
// reconciliations leave it alone.
func TestInstanceIsRestoredElsewhere(t *testing.T) {
	t.Parallel()
	s := newSource(t, "from")
	b, instance := s.restoreTo("to")
	b.create(instance)
	s.checkRestored(b, "to")
	// The restore is over: what is written now stays, whatever is lost of the status.
	b.sql("INSERT INTO faspex_to.people VALUES ('Hedy')")
	i := b.instance()
	i.Status.Restore = nil
	if err := b.client.Status().Update(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	wantReady(t, b.settle())
	if got := b.names("SELECT name FROM faspex_to.people"); len(got) != 3 {
		t.Errorf("people are %v", got)
	}
}

// TestRestoreIsRefused: what does not fit is named, and nothing is changed.
func TestRestoreIsRefused(t *testing.T) {
	t.Parallel()
	s := newSource(t, "unfit")
	tests := []struct {
		name   string
		before func(*bench, *v1alpha1.FaspexInstance)
		reason string
		says   string
	}{
		{"other keys of core", func(b *bench, _ *v1alpha1.FaspexInstance) {
			b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-core", Namespace: b.namespace},
				StringData: map[string]string{"FASPEX_CORE_SECRET": "mine", "FASPEX_CORE_OLD_SECRET": "mine"}})
		}, v1alpha1.ReasonRestoreRefused, "Secret demo-core holds other keys"},
		{"another encryption key", func(b *bench, _ *v1alpha1.FaspexInstance) {
			b.patch("backup-key", &corev1.Secret{}, func() {})
			b.remove("backup-key", &corev1.Secret{})
			b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "backup-key", Namespace: b.namespace},
				StringData: map[string]string{"identity": identity(t)}})
		}, v1alpha1.ReasonRestoreRefused, "the backup was made with the key of age1"},
		{"no such backup", func(_ *bench, i *v1alpha1.FaspexInstance) { i.Spec.RestoreFrom.ID = "20200101T000000Z-none" },
			v1alpha1.ReasonRestoreRefused, "not found"},
		{"a used database", func(b *bench, i *v1alpha1.FaspexInstance) {
			b.sql("CREATE DATABASE "+i.Spec.Database.External.Database,
				"CREATE TABLE "+i.Spec.Database.External.Database+".mine (id INT)")
		}, v1alpha1.ReasonRestoreRefused, "the database holds data already"},
		{"a FaspexBackup that is not there", func(_ *bench, i *v1alpha1.FaspexInstance) {
			i.Spec.RestoreFrom = &v1alpha1.RestoreFrom{BackupRef: &v1alpha1.ObjectReference{Name: "none"}}
		}, v1alpha1.ReasonBackupNotFound, "spec.restoreFrom.backupRef.name: FaspexBackup none does not exist"},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			suffix := "ref" + string(rune('a'+n))
			b, instance := s.restoreTo(suffix)
			b.t = t
			tt.before(b, instance)
			b.create(instance)
			i := b.settle()
			want(t, i, v1alpha1.ConditionRestored, metav1.ConditionFalse, tt.reason, tt.says)
			want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, tt.reason, tt.says)
			tables := b.names("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'faspex_" + suffix + "'")
			if len(tables) > 0 && !slices.Equal(tables, []string{"mine"}) {
				t.Errorf("tables are %v", tables)
			}
			if n := b.deployments(); n != 0 {
				t.Errorf("%d components run", n)
			}
		})
	}
}

// TestRestoreThatIsKilled proves operator-5 of the operator and the database; TestRestoreIsBegunAgain of internal/backup
// proves it of the Job. Whatever was left, nothing runs on it, and the next reconciliations end as the first would have.
func TestRestoreThatIsKilled(t *testing.T) {
	t.Parallel()
	s := newSource(t, "killed")
	marker := func(database, state string) string {
		return "UPDATE " + database + "." + backup.MarkerTable + " SET state = '" + state + "'"
	}
	for n, tt := range []struct {
		name string
		left func(b *bench, database, node string)
	}{
		{"the operator, before the Secrets", func(*bench, string, string) {}},
		{"the Job, in the middle of the instance's database", func(b *bench, database, _ string) {
			b.sql(marker(database, backup.StateLoading), "DELETE FROM "+database+".people LIMIT 1")
		}},
		{"the Job, in the middle of a node's database", func(b *bench, database, node string) {
			b.sql("DROP DATABASE "+database, marker(node, backup.StateLoading), "DELETE FROM "+node+".access_keys")
		}},
		{"the database, that lost everything", func(b *bench, database, node string) {
			b.sql("DROP DATABASE "+database, "DROP DATABASE "+node)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			suffix := "kill" + string(rune('a'+n))
			b, instance := s.restoreTo(suffix)
			b.create(instance)
			for range 3 { // until the Job was run
				if _, err := b.reconcile(); err != nil {
					t.Fatal(err)
				}
				if b.jobs.Work() {
					break
				}
			}
			if b.instance().Status.Restore != nil || b.deployments() != 0 {
				t.Fatal("it is restored already")
			}
			tt.left(b, "faspex_"+suffix, backup.NodeDatabase(b.namespace, "site"))
			// Nodes get no database meanwhile.
			if _, err := DatabaseServer(secrets.NewStore(nil, b.client, b.client))(t.Context(), b.instance()); err == nil {
				t.Error("a node would get its database before the instance is restored")
			}
			s.checkRestored(b, suffix)
		})
	}
}

// TestRestoreLeavesNodesOfOthersAlone: an instance that is restored beside the one that was backed up takes nothing from
// the nodes of that, and gives its own nodes what they had.
func TestRestoreLeavesNodesOfOthersAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key, err := backup.ParseKey([]byte(identity(t)))
	if err != nil {
		t.Fatal(err)
	}
	for node, instance := range map[string]string{"theirs": "other", "ours": "demo"} {
		object := b.node(node)
		object.Spec.InstanceRef.Name = instance
		b.create(object)
		b.create(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: node + "-token-keys", Namespace: b.namespace,
				Labels: map[string]string{"app.kubernetes.io/managed-by": "faspex-operator",
					"app.kubernetes.io/name": "hsts", "app.kubernetes.io/instance": node}},
			StringData: map[string]string{"active": "now"}})
	}
	of := func(node string) backup.Secret {
		return backup.Secret{SecretRole: backup.SecretRole{Node: node, Kind: backup.KindTokenKeys},
			Data: map[string][]byte{"active": []byte("then")}}
	}
	sealed, err := key.SealSecrets([]backup.Secret{of("theirs"), of("ours")})
	if err != nil {
		t.Fatal(err)
	}
	instance := &v1alpha1.FaspexInstance{ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace}}
	outcome := b.r.restoreSecrets(t.Context(), &observed{instance: instance}, key, &backup.Marker{Secrets: sealed})
	if !outcome.IsDone() {
		t.Fatalf("outcome is %+v", outcome)
	}
	for node, want := range map[string]string{"theirs": "now", "ours": "then"} {
		if got := string(dataOf(b, node+"-token-keys")["active"]); got != want {
			t.Errorf("the key of node %s is the one of %s", node, got)
		}
	}
}
