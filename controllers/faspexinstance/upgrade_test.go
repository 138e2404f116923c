package faspexinstance

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/test/s3d"
)

// TestUpgradeGoesInOrder (operator-6): a dump, one migration, and then core, service and the rest one after the other.
// The core of the version before, which is the real program, serves at each of these moments, as the migration only adds
// (TestNewerSchema of faspex/store has those that do more). A migration that fails leaves everything as it is, and its
// own words are in the condition.
func TestUpgradeGoesInOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	instance := b.external("inorder")
	b.realPrograms(instance)
	instance.Spec.Version = "1.0.0"
	instance.Spec.Backup = b.bucket(s3d.Start(t), identity(t))
	b.create(instance)
	wantReady(t, b.settle())
	former := b.program("demo-core")
	serves := func(when string) {
		t.Helper()
		if got := answers(t, former+"/health"); got != http.StatusOK {
			t.Errorf("%s the version before answers %d", when, got)
		}
	}
	first := b.migrations()

	b.jobs.Hold, b.kubelet.hold["jobs"] = true, true
	b.patch("demo", instance, func() { instance.Spec.Version = "1.1.0" })
	want(t, b.settle(), v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonProgressing,
		"is made before version 1.1.0 changes the schema")
	if got := b.migrations(); !slices.Equal(got, first) {
		t.Errorf("migrations before the dump is there: %v", got)
	}
	serves("before the dump")
	b.jobs.Hold = false
	want(t, b.settle(), v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonProgressing,
		"the migration runs")
	if dumps := b.listBackups(); !slices.ContainsFunc(dumps, func(d v1alpha1.FaspexBackup) bool {
		return strings.Contains(d.Name, "-before-") && d.Status.CompletionTime != nil
	}) {
		t.Error("no dump is complete before the migration")
	}
	b.wantImages("1.0.0", "demo-core", "demo-service", "demo-ui", "demo-utility")

	migrated := 0
	b.kubelet.migrateFor = func(*batchv1.Job) (string, bool) {
		migrated++
		b.expandSchema("faspex_inorder", serves)
		return "", true
	}
	b.kubelet.hold = map[string]bool{"demo-core": true}
	b.settle()
	b.wantImages("1.1.0", "demo-core")
	b.wantImages("1.0.0", "demo-service", "demo-ui", "demo-utility")
	serves("while core is rolled out")
	b.kubelet.hold = map[string]bool{"demo-service": true}
	b.settle()
	b.wantImages("1.1.0", "demo-core", "demo-service", "demo-ui", "demo-utility")
	b.kubelet.hold = map[string]bool{}
	i := b.settle()
	wantReady(t, i)
	b.settle()
	if i.Status.Version != "1.1.0" || migrated != 1 {
		t.Errorf("version is %s after %d migrations", i.Status.Version, migrated)
	}

	// The real program refuses a schema that is newer than it.
	b.kubelet.migrateFor = b.runMigration
	b.patch("demo", instance, func() { instance.Spec.Version = "1.2.0" })
	i = b.settle()
	for _, says := range []string{"the migration to version 1.2.0 failed: faspex: the migration is refused: schema version",
		"is newer than", "version 1.1.0 goes on"} {
		want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonMigrationFailed, says)
	}
	b.wantImages("1.1.0", "demo-core", "demo-service", "demo-ui", "demo-utility")
	if i.Status.Version != "1.1.0" {
		t.Errorf("version is %s", i.Status.Version)
	}
	serves("after a migration that failed")
}

// wantImages checks which version Deployments are of.
func (b *bench) wantImages(version string, deployments ...string) {
	b.t.Helper()
	for _, name := range deployments {
		if image := b.image(name); !strings.HasSuffix(image, ":"+version) {
			b.t.Errorf("%s runs %s, want version %s", name, image, version)
		}
	}
}

// expandSchema does what the migration of a later version does that only adds.
func (b *bench) expandSchema(database string, during func(when string)) {
	b.t.Helper()
	next := store.Wanted() + 1
	in := func(statement string, args ...any) {
		b.exec(strings.ReplaceAll(statement, "DB.", database+"."), args...)
	}
	in("UPDATE DB.schema_compatibility SET target = ?", next)
	in("UPDATE DB.schema_migrations SET version = ?, dirty = 1", next)
	in("CREATE TABLE DB.later (id INT)")
	during("in the middle of the migration")
	in("UPDATE DB.schema_migrations SET dirty = 0")
	during("after the migration")
}

// TestVersionOfABackup (operator-7, with TestUpgradeBacksUpFirst, which refuses what cannot follow a version that runs):
// a version that is gone is had by restoring a backup of it, and one that is older than the backup is refused with both
// versions named before anything is loaded.
func TestVersionOfABackup(t *testing.T) {
	t.Parallel()
	s := &source{bench: newBench(t), s3: s3d.Start(t), identity: identity(t)}
	instance := s.external("age")
	instance.Spec.Version = "1.2.0"
	instance.Spec.Backup = s.bucket(s.s3, s.identity)
	s.create(instance)
	wantReady(t, s.settle())
	s.migrate("faspex_age")
	s.patch("demo", instance, func() { instance.Spec.Version = "1.3.0" })
	wantReady(t, s.settle()) // which has made a backup of 1.2.0

	older, instance := s.restoreTo("older")
	instance.Spec.Version = "1.1.0"
	older.create(instance)
	i := older.settle()
	for _, says := range []string{"the backup is of version 1.2.0", "version 1.1.0 is older"} {
		want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRestoreRefused, says)
	}
	if tables := older.names("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'faspex_older'"); len(
		tables) > 0 || older.deployments() > 0 {
		t.Errorf("tables are %v", tables)
	}

	same, instance := s.restoreTo("same")
	instance.Spec.Version = "1.2.0"
	same.create(instance)
	i = same.settle()
	wantReady(t, i)
	if i.Status.Version != "1.2.0" {
		t.Errorf("version is %s", i.Status.Version)
	}
}
