package faspexinstance

import (
	"bytes"
	"context"
	"fmt"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/accesskey"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	desirednode "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/internal/backup"
)

// restoreSecrets makes the Secrets of a backup, before anything is made that would invent them. Those of nodes are
// replaced: no node has run yet, as it gets no database before the instance is restored (DatabaseServer). A node of
// another instance of the namespace, which may be the one that was backed up, keeps its own.
func (r *reconciler) restoreSecrets(ctx context.Context, o *observed, key *backup.Key,
	marker *backup.Marker) phase.Outcome {
	list, err := key.OpenSecrets(marker.Secrets)
	if err != nil {
		return phase.Invalid(v1alpha1.ReasonRestoreRefused, "spec.restoreFrom: "+err.Error())
	}
	for _, s := range list {
		want := restoredSecret(o.instance, s)
		if want.Name == "" {
			continue
		}
		elsewhere, err := r.belongsToAnother(ctx, o.instance, s.Node)
		if err != nil {
			return apply.Outcome(err)
		}
		if elsewhere {
			continue
		}
		data, err := r.secrets.Ensure(ctx, nobody, want)
		if err != nil {
			return secrets.Outcome(err)
		}
		if s.Kind == backup.KindCore && !maps.EqualFunc(data, s.Data, bytes.Equal) {
			return phase.Invalid(v1alpha1.ReasonRestoreRefused,
				fmt.Sprintf("spec.restoreFrom: Secret %s %v", want.Name, errOtherKeys)).After(restoreRetry)
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// belongsToAnother tells whether a TransferNode names another instance.
func (r *reconciler) belongsToAnother(ctx context.Context, i *v1alpha1.FaspexInstance, node string) (bool, error) {
	if node == "" {
		return false, nil
	}
	there := &v1alpha1.TransferNode{}
	if err := r.client.Get(ctx, client.ObjectKey{Namespace: i.Namespace, Name: node}, there); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return there.Spec.InstanceRef.Name != i.Name, nil
}

// restoredSecret is where a Secret of a backup goes; its name is empty when it goes nowhere.
func restoredSecret(i *v1alpha1.FaspexInstance, s backup.Secret) secrets.Wanted {
	want := secrets.Wanted{Namespace: i.Namespace}
	switch {
	case s.Kind == backup.KindCore:
		// One that is there is not replaced: it may belong to data that somebody still has.
		want.Name, want.Labels = desired.NamesOf(i.Name).Core, desired.Labels(i, desired.ComponentCore)
		return given(want, s.Data, false)
	case s.Kind == backup.KindAdmin && (i.Spec.Admin == nil || i.Spec.Admin.SecretRef == nil):
		want.Name, want.Labels = desired.NamesOf(i.Name).Admin, desired.Labels(i, desired.ComponentCore)
		return given(want, s.Data, true)
	case s.Kind == backup.KindAccessKey && s.Secret != "":
		want.Name = s.Secret
		want.Labels = accesskey.Labels(&v1alpha1.AccessKey{ObjectMeta: metav1.ObjectMeta{Name: s.Name}})
	case s.Node != "":
		names := desirednode.NamesOf(s.Node)
		want.Name = map[string]string{backup.KindTokenKeys: names.TokenKeys, backup.KindSSHHostKey: names.SSHHostKey,
			backup.KindNodeUser: names.NodeUser}[s.Kind]
		want.Labels = desirednode.Labels(&v1alpha1.TransferNode{ObjectMeta: metav1.ObjectMeta{Name: s.Node}})
	}
	return given(want, s.Data, true)
}

// given makes a Secret of data; with replace, whatever is there.
func given(want secrets.Wanted, data map[string][]byte, replace bool) secrets.Wanted {
	for key := range data {
		want.Keys = append(want.Keys, key)
	}
	want.Generate = func() (map[string][]byte, error) { return data, nil }
	if replace {
		want.Replace = func(there map[string][]byte) bool { return !maps.EqualFunc(there, data, bytes.Equal) }
	}
	return want
}

// dataSecrets makes the Secrets without which the data is of no use: core's keys and the first administrator.
func (r *reconciler) dataSecrets(ctx context.Context, o *observed) error {
	i := o.instance
	core, err := r.secrets.Ensure(ctx, nobody, desired.CoreSecret(i))
	if err != nil {
		return err
	}
	o.core = core
	if i.Spec.Admin != nil && i.Spec.Admin.SecretRef != nil {
		return nil
	}
	_, err = r.secrets.Ensure(ctx, nobody, desired.AdminUserSecret(i))
	return err
}
