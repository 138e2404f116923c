package faspexinstance

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/internal/backup"
)

// keepDumps is how many dumps of former upgrades stay in the volume that the operator makes for them.
const keepDumps = 2

// dumpTo says where the database is backed up to before its schema changes: as spec.backup says, else to a volume and
// with a key that are made for it. It is nil for a database of somebody else's.
func (r *reconciler) dumpTo(ctx context.Context, i *v1alpha1.FaspexInstance) (*v1alpha1.InstanceBackupSpec, error) {
	if i.Spec.Backup != nil || i.Spec.Database.Embedded == nil {
		return i.Spec.Backup, nil
	}
	if err := r.makeDumpsVolume(ctx, i); err != nil {
		return nil, err
	}
	want := secrets.Wanted{
		Name: desired.NamesOf(i.Name).Dumps, Namespace: i.Namespace, Labels: desired.Labels(i, desired.ComponentBackup),
		Keys: []string{desired.BackupKey},
		Generate: func() (map[string][]byte, error) {
			identity, err := backup.NewIdentity()
			return map[string][]byte{desired.BackupKey: []byte(identity)}, err
		},
	}
	if _, err := r.secrets.Ensure(ctx, nobody, want); err != nil {
		return nil, err
	}
	if err := r.pruneDumps(ctx, i); err != nil {
		return nil, err
	}
	return &v1alpha1.InstanceBackupSpec{Target: dumpsTarget(i),
		Encryption: v1alpha1.BackupEncryption{SecretRef: v1alpha1.SecretReference{Name: want.Name}}}, nil
}

func dumpsTarget(i *v1alpha1.FaspexInstance) v1alpha1.BackupTarget {
	return v1alpha1.BackupTarget{VolumeClaim: &v1alpha1.VolumeClaimTarget{ClaimName: desired.NamesOf(i.Name).Dumps}}
}

// makeDumpsVolume makes the claim, of the size and class of the database's. What is there is left as it is.
func (r *reconciler) makeDumpsVolume(ctx context.Context, i *v1alpha1.FaspexInstance) error {
	claim, err := r.dumpsVolume(ctx, i)
	if err != nil || claim != nil {
		return err
	}
	_, err = r.applier.Create(ctx, desired.DumpsVolume(i))
	return err
}

// dumpsVolume is the claim of the dumps' volume, nil when there is none.
func (r *reconciler) dumpsVolume(ctx context.Context, i *v1alpha1.FaspexInstance) (*corev1.PersistentVolumeClaim, error) {
	claim := &corev1.PersistentVolumeClaim{}
	name := desired.NamesOf(i.Name).Dumps
	err := r.direct.Get(ctx, client.ObjectKey{Namespace: i.Namespace, Name: name}, claim)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get the volume claim of dumps: %w", err)
	case claim.Labels[apply.ManagedByLabel] != apply.ManagedBy || claim.Labels[apply.InstanceLabel] != i.Name:
		return nil, fmt.Errorf("PersistentVolumeClaim %s: %w", name, apply.ErrConflict)
	}
	return claim, nil
}

// dumps are the FaspexBackups in the dumps' volume, the newest first.
func (r *reconciler) dumps(ctx context.Context, i *v1alpha1.FaspexInstance) ([]v1alpha1.FaspexBackup, error) {
	list, err := r.backups(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("list the dumps: %w", err)
	}
	var dumps []v1alpha1.FaspexBackup
	for _, b := range list {
		if b.Labels[apply.ManagedByLabel] == apply.ManagedBy && b.Spec.Target != nil && b.Spec.Target.VolumeClaim != nil &&
			b.Spec.Target.VolumeClaim.ClaimName == desired.NamesOf(i.Name).Dumps {
			dumps = append(dumps, b)
		}
	}
	return dumps, nil
}

// pruneDumps makes room for another: those that failed go, and the oldest. Their finalizers remove the files.
func (r *reconciler) pruneDumps(ctx context.Context, i *v1alpha1.FaspexInstance) error {
	dumps, err := r.dumps(ctx, i)
	if err != nil {
		return err
	}
	good := 0
	for n := range dumps {
		if dumps[n].Status.CompletionTime != nil {
			good++
		}
		if dumps[n].Status.FailureTime == nil && good <= keepDumps {
			continue
		}
		if err := r.applier.Delete(ctx, nobody, &dumps[n]); err != nil {
			return err
		}
	}
	return nil
}

// removeDumps removes the dumps of an instance whose data goes with it: the volume and its key, and the FaspexBackups
// that tell of it.
func (r *reconciler) removeDumps(ctx context.Context, i *v1alpha1.FaspexInstance) error {
	claim, err := r.dumpsVolume(ctx, i)
	if errors.Is(err, apply.ErrConflict) || claim == nil && err == nil { // none of ours was made
		return nil
	}
	if err != nil {
		return err
	}
	dumps, err := r.dumps(ctx, i)
	if err != nil {
		return err
	}
	for n := range dumps {
		dump := &dumps[n]
		before := dump.DeepCopy()
		dump.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain // the files go with the volume
		if err := r.applier.Patch(ctx, before, dump); err != nil {
			return err
		}
		if err := r.applier.Delete(ctx, nobody, dump); err != nil {
			return err
		}
	}
	key := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: i.Namespace, Name: desired.NamesOf(i.Name).Dumps}}
	if err := r.applier.Delete(ctx, i, key); err != nil {
		return err
	}
	if err := r.client.Delete(ctx, claim, client.Preconditions{UID: &claim.UID}); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete the volume claim of dumps: %w", err)
	}
	return nil
}
