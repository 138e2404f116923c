package faspexbackup

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/accesskey"
	desired "faspex.io/operator/controllers/desired/instance"
	desirednode "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/internal/backup"
)

// collect finds the databases of the instance and of its TransferNodes, and puts what a restore needs beside them,
// encrypted, into a Secret for the Job.
func (r *reconciler) collect(ctx context.Context, o *observed) (map[string]string, map[string][]byte, error) {
	databases := map[string]string{backup.RoleFaspex: desired.DatabaseOf(o.instance).Name}
	names := desired.NamesOf(o.instance.Name)
	core, err := r.secrets.Read(ctx, o.instance.Namespace, names.Core, "core's keys")
	if err != nil {
		return nil, nil, err
	}
	list := []backup.Secret{{SecretRole: backup.SecretRole{Kind: backup.KindCore}, Data: core}}
	add := func(name string, role backup.SecretRole) error {
		data, err := r.secrets.Read(ctx, o.instance.Namespace, name, role.Kind)
		if errors.Is(err, secrets.ErrNotFound) {
			return nil // not made yet, or not by us
		}
		list = append(list, backup.Secret{SecretRole: role, Data: data})
		return err
	}
	if err := add(names.Admin, backup.SecretRole{Kind: backup.KindAdmin}); err != nil {
		return nil, nil, err
	}
	nodes, err := r.nodes(ctx, o.instance)
	if err != nil {
		return nil, nil, err
	}
	for _, node := range nodes {
		databases[backup.NodeRole(node)] = backup.NodeDatabase(o.instance.Namespace, node)
		n := desirednode.NamesOf(node)
		for kind, name := range map[string]string{
			backup.KindTokenKeys: n.TokenKeys, backup.KindSSHHostKey: n.SSHHostKey, backup.KindNodeUser: n.NodeUser,
		} {
			if err := add(name, backup.SecretRole{Node: node, Kind: kind}); err != nil {
				return nil, nil, err
			}
		}
	}
	var keys v1alpha1.AccessKeyList
	if err := r.client.List(ctx, &keys, client.InNamespace(o.instance.Namespace)); err != nil {
		return nil, nil, err
	}
	for i := range keys.Items {
		key := &keys.Items[i]
		if databases[backup.NodeRole(key.Spec.TransferNodeRef.Name)] == "" {
			continue
		}
		role := backup.SecretRole{Node: key.Spec.TransferNodeRef.Name, Kind: backup.KindAccessKey, Name: key.Name,
			Secret: accesskey.SecretName(key)}
		if err := add(role.Secret, role); err != nil {
			return nil, nil, err
		}
	}
	bundle, err := r.seal(ctx, o, core, list)
	return databases, bundle, err
}

// nodes are the names of the instance's TransferNodes.
func (r *reconciler) nodes(ctx context.Context, instance *v1alpha1.FaspexInstance) ([]string, error) {
	var list v1alpha1.TransferNodeList
	if err := r.client.List(ctx, &list, client.InNamespace(instance.Namespace)); err != nil {
		return nil, err
	}
	var names []string
	for _, node := range list.Items {
		if node.Spec.InstanceRef.Name == instance.Name {
			names = append(names, node.Name)
		}
	}
	return names, nil
}

// seal makes the Secret of the Job. The Job has no key of anything in it but in this form.
func (r *reconciler) seal(ctx context.Context, o *observed, core map[string][]byte,
	list []backup.Secret) (map[string][]byte, error) {
	return r.secrets.Ensure(ctx, o.backup, secrets.Wanted{
		Name: jobName(o.backup), Namespace: o.backup.Namespace,
		Labels: desired.Labels(o.instance, desired.ComponentBackup),
		Keys:   []string{desired.BackupSecrets, desired.BackupSecretsPrint},
		Generate: func() (map[string][]byte, error) {
			sealed, err := o.key.SealSecrets(list)
			return map[string][]byte{desired.BackupSecrets: sealed,
				desired.BackupSecretsPrint: []byte(o.key.Fingerprint(core))}, err
		},
	})
}

func bundleSecret(key metav1.ObjectMeta) *corev1.Secret { return &corev1.Secret{ObjectMeta: key} }
