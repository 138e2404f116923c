package faspexinstance

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/internal/backup"
	"faspex.io/operator/test/s3d"
)

// bucket has the instance back up to an S3 server, with the key of identity.
func (b *bench) bucket(s3 *s3d.Server, identity string) *v1alpha1.InstanceBackupSpec {
	b.t.Helper()
	for name, data := range map[string]map[string]string{
		"backup-key": {"identity": identity},
		"s3":         {"accessKeyID": "id", "secretAccessKey": "secret", "ca.crt": string(s3.CA)},
	} {
		b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: b.namespace}, StringData: data})
	}
	return &v1alpha1.InstanceBackupSpec{
		Target: v1alpha1.BackupTarget{S3: &v1alpha1.S3Target{Endpoint: s3.Endpoint, Bucket: s3.Bucket,
			CredentialsSecretRef: v1alpha1.SecretReference{Name: "s3"},
			CASecretRef:          &v1alpha1.SecretReference{Name: "s3"}}},
		Encryption: v1alpha1.BackupEncryption{SecretRef: v1alpha1.SecretReference{Name: "backup-key"}},
	}
}

func identity(t *testing.T) string {
	t.Helper()
	text, err := backup.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// clock lets a test say what time it is.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// TestBackupsBySchedule: operator-1, but for the alert (TestAlertRules): dumps are made when they are due, the old ones
// go with their files, and what fails or is overdue is seen in the condition and not in Ready.
func TestBackupsBySchedule(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s3 := s3d.Start(t)
	instance := b.external("sched")
	instance.Spec.Backup = b.bucket(s3, identity(t))
	instance.Spec.Backup.Schedule, instance.Spec.Backup.Keep = "0 2 * * *", 2
	b.create(instance)
	c := &clock{at: time.Now()}
	b.r.now = c.now
	i := b.settle()
	wantReady(t, i)
	want(t, i, v1alpha1.ConditionBackupHealthy, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "the last good backup is demo-")
	s := i.Status.Backup
	if s == nil || s.LastSuccess == nil || s.LastSuccess.SizeBytes == 0 || s.LastFailure != nil || s.NextTime == nil {
		t.Fatalf("status.backup is %+v", s)
	}
	if n := len(b.listBackups()); n != 1 {
		t.Fatalf("%d backups at once", n)
	}
	if got := testutil.ToFloat64(backupGood.WithLabelValues(b.namespace, "demo")); got != 1 {
		t.Errorf("faspex_backup_healthy is %v", got)
	}
	// Nothing is due until the next time.
	c.at = s.NextTime.Add(-time.Second)
	if b.settle(); len(b.listBackups()) != 1 {
		t.Error("a backup was made before its time")
	}
	// Objects get the API server's time: for the schedule, the days that follow are all due.
	for range 3 {
		c.at = c.at.Add(24 * time.Hour)
		b.settle()
	}
	list := b.listBackups()
	if len(list) != 2 {
		t.Errorf("%d backups are kept, want 2", len(list))
	}
	var manifests int
	for _, o := range s3.Objects(t, b.namespace+"/demo/") {
		if strings.HasSuffix(o, "manifest.json") {
			manifests++
		}
	}
	if manifests != 2 {
		t.Errorf("%d backups have files, want 2", manifests)
	}
	// What fails is told.
	s3.Before(s3d.Refuse)
	c.at = c.at.Add(24 * time.Hour)
	i = b.settle()
	want(t, i, v1alpha1.ConditionBackupHealthy, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed, "refused the credentials")
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	if i.Status.Backup.LastFailure == nil || i.Status.Backup.LastSuccess == nil {
		t.Errorf("status.backup is %+v", i.Status.Backup)
	}
	if got := testutil.ToFloat64(backupGood.WithLabelValues(b.namespace, "demo")); got != 0 {
		t.Errorf("faspex_backup_healthy is %v", got)
	}
}

func TestBackupsAreJudged(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	at := func(ago time.Duration) metav1.Time { return metav1.NewTime(now.Add(-ago)) }
	good := func(ago time.Duration) *v1alpha1.BackupRecord {
		return &v1alpha1.BackupRecord{Name: "a", Time: at(ago)}
	}
	bad := func(ago time.Duration) *v1alpha1.BackupFailure {
		return &v1alpha1.BackupFailure{Name: "b", Time: at(ago), Message: "full"}
	}
	tests := []struct {
		name   string
		status v1alpha1.InstanceBackupStatus
		born   time.Duration
		reason string
		done   bool
	}{
		{"good", v1alpha1.InstanceBackupStatus{LastSuccess: good(time.Hour)}, 0, v1alpha1.ReasonSucceeded, true},
		{"twice the period", v1alpha1.InstanceBackupStatus{LastSuccess: good(49 * time.Hour)}, 0,
			v1alpha1.ReasonBackupOverdue, false},
		{"failed since", v1alpha1.InstanceBackupStatus{LastSuccess: good(2 * time.Hour), LastFailure: bad(time.Hour)}, 0,
			v1alpha1.ReasonBackupFailed, false},
		{"failed before", v1alpha1.InstanceBackupStatus{LastSuccess: good(time.Hour), LastFailure: bad(2 * time.Hour)}, 0,
			v1alpha1.ReasonSucceeded, true},
		{"new", v1alpha1.InstanceBackupStatus{}, time.Minute, v1alpha1.ReasonProgressing, false},
		{"none for long", v1alpha1.InstanceBackupStatus{}, 49 * time.Hour, v1alpha1.ReasonBackupOverdue, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judgeBackups(tt.status, 24*time.Hour, now.Add(-tt.born), now)
			if got.Reason != tt.reason || got.IsDone() != tt.done {
				t.Errorf("outcome is %+v", got)
			}
		})
	}
}

func TestScheduleThatIsNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	instance := b.external("noschedule")
	instance.Spec.Backup = b.bucket(s3d.Start(t), identity(t))
	instance.Spec.Backup.Schedule = "every night"
	b.create(instance)
	i := b.settle()
	want(t, i, v1alpha1.ConditionBackupHealthy, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec, "spec.backup.schedule")
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
}

// TestUpgradeBacksUpFirst: the dump comes before the migration, and while it is not there the old version goes on.
func TestUpgradeBacksUpFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s3 := s3d.Start(t)
	instance := b.external("upgrade")
	instance.Spec.Version = "1.2.0"
	instance.Spec.Backup = b.bucket(s3, identity(t))
	b.create(instance)
	wantReady(t, b.settle())
	migrations := func() int { return len(b.migrations()) }
	before := b.migrations()

	s3.Before(s3d.Refuse)
	b.patch("demo", instance, func() { instance.Spec.Version = "1.3.0" })
	i := b.settle()
	want(t, i, v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed,
		"version 1.2.0 goes on, because the backup before version 1.3.0 failed: ")
	if got := b.migrations(); !slices.Equal(got, before) || i.Status.Version != "1.2.0" {
		t.Errorf("migrations are %v, version %s", got, i.Status.Version)
	}
	if got := b.image("demo-core"); !strings.HasSuffix(got, ":1.2.0") {
		t.Errorf("core runs %s", got)
	}
	s3.Before(nil)
	b.patch("demo", instance, func() { instance.Spec.Version = "1.3.1" }) // another attempt has its own backup
	i = b.settle()
	wantReady(t, i)
	if i.Status.Version != "1.3.1" || migrations() != 1 || i.Status.Backup.LastSuccess == nil {
		t.Errorf("version is %s, %d migrations, backups %+v", i.Status.Version, migrations(), i.Status.Backup)
	}
	if got := b.image("demo-core"); !strings.HasSuffix(got, ":1.3.1") {
		t.Errorf("core runs %s", got)
	}

	// What cannot follow is refused, with both versions named, and what runs goes on.
	for version, says := range map[string]string{
		"1.2.9": "1.2.9 is older than 1.3.1", "3.0.0": "3.0.0 cannot follow 1.3.1, which runs: go to version 2 first",
	} {
		b.patch("demo", instance, func() { instance.Spec.Version = version })
		i = b.settle()
		want(t, i, v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonVersionRefused, says)
		want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonVersionRefused, says)
		if got := b.image("demo-core"); !strings.HasSuffix(got, ":1.3.1") || migrations() != 1 {
			t.Errorf("core runs %s", got)
		}
	}
}
