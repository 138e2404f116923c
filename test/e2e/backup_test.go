package e2e

import (
	"bytes"
	"context"
	"maps"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/internal/backup"
	"faspex.io/operator/test/lab"
	"faspex.io/operator/test/s3d"
)

// Names of what these steps make; the bucket's backup is restored.
const (
	backupKey    = "backup-key"
	bucketSecret = "bucket"
	volumeBackup = "to-a-volume"
	bucketBackup = "to-a-bucket"
	restoredIn   = "restored"
)

// backupIdentity encrypts the backups.
var backupIdentity string

// backupsAreWrittenAndRemoved backs up to a volume, and removes that with its object.
func backupsAreWrittenAndRemoved(t *testing.T) {
	identity, err := backup.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(identity) // the key alone, which no log may show
	backupIdentity = lines[len(lines)-1]
	secret(t, lab.Namespace, backupKey, map[string]string{"identity": backupIdentity})
	const claim = "backups"
	create(t, &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: lab.Namespace, Name: claim},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: resource.MustParse("100Mi")}}}})
	b := backUp(t, volumeBackup, v1alpha1.BackupTarget{VolumeClaim: &v1alpha1.VolumeClaimTarget{ClaimName: claim}})
	if b.Status.SizeBytes == 0 || b.Status.Version == "" {
		t.Errorf("status is %+v", b.Status)
	}
	if err := cluster.Client.Delete(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, "the backup is removed from the volume", func(ctx context.Context) bool {
		return apierrors.IsNotFound(cluster.Client.Get(ctx, client.ObjectKeyFromObject(b), b))
	})
}

// instanceIsRestoredElsewhere backs up to a bucket, and makes an instance of it in another namespace, as far as core
// there serves the same data with the same keys.
func instanceIsRestoredElsewhere(t *testing.T) {
	s3 := s3d.StartAt(t, ownAddress(t))
	target := v1alpha1.BackupTarget{S3: &v1alpha1.S3Target{Endpoint: s3.Endpoint, Bucket: s3.Bucket,
		Region: "us-east-1", CredentialsSecretRef: v1alpha1.SecretReference{Name: bucketSecret},
		CASecretRef: &v1alpha1.SecretReference{Name: bucketSecret}}}
	credentials := map[string]string{"accessKeyID": "somebody", "secretAccessKey": "something", "ca.crt": string(s3.CA)}
	secret(t, lab.Namespace, bucketSecret, credentials)
	b := backUp(t, bucketBackup, target)
	if len(s3.Objects(t, lab.Namespace+"/"+lab.Instance+"/"+b.Status.ID)) < 4 { // two databases, Secrets and the manifest
		t.Errorf("objects: %v", s3.Objects(t, ""))
	}

	create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: restoredIn}})
	secret(t, restoredIn, backupKey, map[string]string{"identity": backupIdentity})
	secret(t, restoredIn, bucketSecret, credentials)
	target.Prefix = lab.Namespace + "/" + lab.Instance
	size := resource.MustParse("1Gi")
	restored := &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Namespace: restoredIn, Name: lab.Instance},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://restored.example.com", DeletionPolicy: v1alpha1.DeletionPolicyDelete,
			Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{
				Storage: &v1alpha1.DatabaseStorage{Size: &size}}},
			RestoreFrom: &v1alpha1.RestoreFrom{Target: &target, Encryption: encryption()},
		},
	}
	create(t, restored)
	key := client.ObjectKeyFromObject(restored)
	eventually(t, 3*time.Minute, "core serves what was restored", func(ctx context.Context) bool {
		return cluster.Client.Get(ctx, key, restored) == nil &&
			meta.IsStatusConditionTrue(restored.Status.Conditions, v1alpha1.ConditionRestored) &&
			meta.IsStatusConditionTrue(restored.Status.Conditions, v1alpha1.ConditionCoreReady)
	})
	if status := restored.Status.Restore; status == nil || status.ID != b.Status.ID ||
		status.Instance != lab.Namespace+"/"+lab.Instance {
		t.Errorf("status.restore is %+v", status)
	}
	for _, name := range []string{lab.Instance + "-core", lab.Instance + "-admin", lab.TransferNode + "-token-keys"} {
		var here, there corev1.Secret
		for namespace, to := range map[string]*corev1.Secret{lab.Namespace: &here, restoredIn: &there} {
			if err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, to); err != nil {
				t.Fatal(err)
			}
		}
		if !maps.EqualFunc(here.Data, there.Data, bytes.Equal) {
			t.Errorf("Secret %s is another", name)
		}
	}
	if err := cluster.Client.Delete(t.Context(), restored); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, "the restored instance is gone", func(ctx context.Context) bool {
		return apierrors.IsNotFound(cluster.Client.Get(ctx, key, restored))
	})
}

func encryption() *v1alpha1.BackupEncryption {
	return &v1alpha1.BackupEncryption{SecretRef: v1alpha1.SecretReference{Name: backupKey}}
}

// backUp makes a FaspexBackup and waits until it is complete.
func backUp(t *testing.T, name string, target v1alpha1.BackupTarget) *v1alpha1.FaspexBackup {
	t.Helper()
	b := &v1alpha1.FaspexBackup{ObjectMeta: metav1.ObjectMeta{Namespace: lab.Namespace, Name: name},
		Spec: v1alpha1.FaspexBackupSpec{InstanceRef: v1alpha1.ObjectReference{Name: lab.Instance}, Target: &target,
			Encryption: encryption(), DeletionPolicy: v1alpha1.DeletionPolicyDelete}}
	create(t, b)
	eventually(t, 2*time.Minute, "backup "+name+" is complete", func(ctx context.Context) bool {
		return cluster.Client.Get(ctx, client.ObjectKeyFromObject(b), b) == nil && b.Status.CompletionTime != nil
	})
	return b
}

func secret(t *testing.T, namespace, name string, data map[string]string) {
	t.Helper()
	create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: data})
}

func create(t *testing.T, object client.Object) {
	t.Helper()
	if err := cluster.Client.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

// ownAddress is the address of this machine that the cluster's machines reach: the one it reaches them from.
func ownAddress(t *testing.T) string {
	t.Helper()
	instance := &v1alpha1.FaspexInstance{}
	key := client.ObjectKey{Namespace: lab.Namespace, Name: lab.Instance}
	if err := cluster.Client.Get(t.Context(), key, instance); err != nil {
		t.Fatal(err)
	}
	external, err := url.Parse(instance.Spec.ExternalURL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", net.JoinHostPort(external.Hostname(), "1")) // sends nothing
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String()
}
