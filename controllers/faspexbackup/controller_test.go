package faspexbackup

import (
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/internal/backup"
	"faspex.io/operator/test/s3d"
)

var allObjects = []string{"faspex.sql.zst.age", "manifest.json", "secrets.json.age"}

// TestBackupOnDemand proves operator-2: it tells when it is complete, and deletion goes by the policy.
func TestBackupOnDemand(t *testing.T) {
	t.Parallel()
	for policy, left := range map[v1alpha1.DeletionPolicy][]string{
		"": allObjects, v1alpha1.DeletionPolicyRetain: allObjects, v1alpha1.DeletionPolicyDelete: nil,
	} {
		t.Run("policy "+string(policy), func(t *testing.T) {
			b := newBench(t)
			b.ask(func(o *v1alpha1.FaspexBackup) { o.Spec.DeletionPolicy = policy })
			b.jobs.Hold = true
			b.want(b.settle(), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing,
				"Completed: the backup is written")
			b.jobs.Hold = false
			object := b.settle()
			b.want(object, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
			s := object.Status
			if s.CompletionTime == nil || s.StartTime == nil || s.SizeBytes == 0 || s.Version != "0.1.0" ||
				s.Location != "s3://backups/"+b.namespace+"/demo/"+s.ID {
				t.Errorf("status is %+v", s)
			}
			if got := b.objects(); !slices.Equal(got, allObjects) {
				t.Errorf("objects are %v", got)
			}
			if b.fetch("now-backup", &batchv1.Job{}) || b.fetch("now-backup", &corev1.Secret{}) {
				t.Error("the Job or its Secret is left")
			}
			if err := b.client.Delete(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			if b.settle() != nil {
				t.Error("the backup is not gone")
			}
			if got := b.objects(); !slices.Equal(got, left) {
				t.Errorf("objects left are %v, want %v", got, left)
			}
		})
	}
}

func TestBackupHoldsWhatARestoreNeeds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(&v1alpha1.TransferNode{ObjectMeta: metav1.ObjectMeta{Name: "site", Namespace: b.namespace},
		Spec: v1alpha1.TransferNodeSpec{InstanceRef: v1alpha1.ObjectReference{Name: "demo"},
			NodeSelector: map[string]v1alpha1.LabelValue{"a": "b"}, Storage: []v1alpha1.StorageMount{{Name: "main",
				HostPath: &v1alpha1.HostPathStorage{Path: "/srv/x"}}}}})
	b.secret("site-token-keys", map[string]string{"active": "k1"})
	b.create(&v1alpha1.AccessKey{ObjectMeta: metav1.ObjectMeta{Name: "api", Namespace: b.namespace},
		Spec: v1alpha1.AccessKeySpec{TransferNodeRef: v1alpha1.ObjectReference{Name: "site"},
			Storage: v1alpha1.AccessKeyStorage{Local: &v1alpha1.LocalStorage{Path: "/main"}}}})
	b.secret("api-access-key", map[string]string{"id": "ak1", "secret": "sk1"})
	b.ask(func(o *v1alpha1.FaspexBackup) {
		o.Spec.Target = &v1alpha1.BackupTarget{VolumeClaim: &v1alpha1.VolumeClaimTarget{ClaimName: "backups"}, Prefix: "here"}
		o.Spec.Encryption = &v1alpha1.BackupEncryption{SecretRef: v1alpha1.SecretReference{Name: "key"}}
	})
	object := b.settle()
	b.want(object, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	if object.Status.Location != "volume:backups/here/"+object.Status.ID {
		t.Errorf("location is %s", object.Status.Location)
	}
	folder, err := backup.OpenFolder(b.jobs.Claim("backups"), "")
	if err != nil {
		t.Fatal(err)
	}
	store := backup.Store{Target: folder, Prefix: "here", Key: b.key}
	m, err := store.Manifest(t.Context(), object.Status.ID)
	if err != nil {
		t.Fatal(err)
	}
	// The node was never started: it has no database yet.
	if len(m.Databases) != 1 || m.Databases[0].Role != backup.RoleFaspex || m.Instance != b.namespace+"/demo" {
		t.Errorf("manifest is %+v", m)
	}
	if err := store.Verify(t.Context(), m); err != nil {
		t.Error(err)
	}
	if core := map[string][]byte{"FASPEX_CORE_SECRET": []byte("core-secret-1"),
		"FASPEX_CORE_OLD_SECRET": []byte("core-secret-2")}; m.CoreKeys != b.key.Fingerprint(core) {
		t.Error("the fingerprint of core's keys is another")
	}
	// No secret is in what the operator and its Job say.
	for _, text := range append(b.jobs.Ran, object.Status.Location) {
		for _, secret := range []string{"core-secret", "admin-secret", "sk1", "AGE-SECRET", "test-Root-0"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %q", secret, text)
			}
		}
	}
}

func TestBackupSaysWhyItFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(*bench)
		status metav1.ConditionStatus
		reason string
		says   string
	}{
		{"the target refuses", func(b *bench) { b.s3.Before(s3d.Refuse) }, metav1.ConditionFalse,
			v1alpha1.ReasonBackupFailed, "bucket backups refused the credentials"},
		{"no bucket", func(b *bench) {
			b.edit(func(i *v1alpha1.FaspexInstance) { i.Spec.Backup.Target.S3.Bucket = "elsewhere" })
		}, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed, "bucket elsewhere does not exist"},
		{"no key", func(b *bench) { b.remove("key") }, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
			"encryption.secretRef: secret not found: key"},
		{"a key that is none", func(b *bench) {
			b.remove("key")
			b.secret("key", map[string]string{"identity": "nonsense"})
		}, metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid, "holds no age identity"},
		{"no credentials", func(b *bench) { b.remove("s3") }, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
			"target.s3.credentialsSecretRef"},
		{"no target", func(b *bench) { b.edit(func(i *v1alpha1.FaspexInstance) { i.Spec.Backup = nil }) },
			metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec, "spec.target: neither it nor spec.backup"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			tt.before(b)
			b.ask(nil)
			object := b.settle()
			b.want(object, v1alpha1.ConditionReady, tt.status, tt.reason, tt.says)
			if got := b.objects(); got != nil {
				t.Errorf("objects are %v", got)
			}
		})
	}
}

// TestBackupWhosePodsAreLost is run again: it finds itself done.
func TestBackupWhosePodsAreLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ask(nil)
	b.jobs.Forget = true
	for range 4 {
		if object := b.once(); object.Status.CompletionTime != nil {
			t.Fatal("it is complete and nobody said so")
		}
		b.jobs.Work()
	}
	b.jobs.Forget = false
	object := b.settle()
	b.want(object, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	if got := b.objects(); !slices.Equal(got, allObjects) {
		t.Errorf("objects are %v", got)
	}
}

// TestBackupOutlivesItsInstance: what was written can be removed without the instance.
func TestBackupOutlivesItsInstance(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ask(func(o *v1alpha1.FaspexBackup) { o.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	object := b.settle()
	if err := b.client.Delete(t.Context(), &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace}}); err != nil {
		t.Fatal(err)
	}
	b.want(b.settle(), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	b.s3.Before(s3d.Refuse)
	if err := b.client.Delete(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	b.want(b.settle(), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDeleting,
		"refused the credentials (InvalidAccessKeyId); with spec.deletionPolicy Retain this object goes")
	b.s3.Before(nil)
	b.delete("now-remove", &batchv1.Job{}) // as the operator does a minute later
	if b.settle() != nil || b.objects() != nil {
		t.Errorf("the backup is not gone: %v", b.objects())
	}
}

func (b *bench) once() *v1alpha1.FaspexBackup {
	b.t.Helper()
	if _, err := b.r.frame().Reconcile(b.t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: b.namespace, Name: "now"}}); err != nil {
		b.t.Fatal(err)
	}
	object := &v1alpha1.FaspexBackup{}
	b.fetch("now", object)
	return object
}

func (b *bench) edit(change func(*v1alpha1.FaspexInstance)) {
	b.t.Helper()
	i := &v1alpha1.FaspexInstance{}
	b.fetch("demo", i)
	change(i)
	if err := b.client.Update(b.t.Context(), i); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) remove(secret string) { b.delete(secret, &corev1.Secret{}) }

func (b *bench) delete(name string, object client.Object) {
	b.t.Helper()
	object.SetNamespace(b.namespace)
	object.SetName(name)
	if err := b.client.Delete(b.t.Context(), object,
		client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		b.t.Fatal(err)
	}
}
