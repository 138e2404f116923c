package transfernode

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
)

// podPoll is how soon pods that are going are looked at again: nothing watches them.
const podPoll = 2 * time.Second

// finalize undoes the registration, then removes the pods, then the database they use and all else that was made for the
// node. Objects that use the node are waited for. Files stay where they are, and so does what the node has in an
// instance that is deleted together with it and keeps its data.
func (r *reconciler) finalize(ctx context.Context, node *v1alpha1.TransferNode) phase.Outcome {
	names, err := r.dependents(ctx, node)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the objects that use the node cannot be listed", err)
	}
	if len(names) > 0 {
		return phase.Waiting(v1alpha1.ReasonDependents, "still used by "+strings.Join(names, ", "))
	}
	instance, err := r.instance(ctx, node)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the instance cannot be read", err)
	}
	keeps := desiredinstance.LeavesData(instance)
	if !keeps {
		if outcome := letGo(ctx, instance, r.deregister(ctx, node, instance)); !outcome.IsDone() {
			return outcome
		}
	}
	if err := r.applier.Delete(ctx, node, &appsv1.DaemonSet{ObjectMeta: called(node,
		desired.NamesOf(node.Name).DaemonSet)}); err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the DaemonSet cannot be deleted", err)
	}
	pods, err := r.pods(ctx, node)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the pods cannot be listed", err)
	}
	if stopping(r.Now(), pods) {
		return phase.Waiting(v1alpha1.ReasonDeleting, "the pods are stopping").After(podPoll)
	}
	if !keeps {
		if outcome := letGo(ctx, instance, r.dropDatabase(ctx, node, instance)); !outcome.IsDone() {
			return outcome
		}
	}
	if err := r.removeMade(ctx, node, keeps); err != nil {
		return apply.Outcome(err)
	}
	r.Nodes.Forget(client.ObjectKeyFromObject(node))
	r.pushed.forget(node.UID)
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// removeMade deletes what the pods have used, but for the Secrets that go with data that is kept.
func (r *reconciler) removeMade(ctx context.Context, node *v1alpha1.TransferNode, keeps bool) error {
	names := desired.NamesOf(node.Name)
	made := []client.Object{
		&corev1.Service{ObjectMeta: called(node, names.Service)},
		&corev1.ConfigMap{ObjectMeta: called(node, names.ConfigMap)},
		&networkingv1.NetworkPolicy{ObjectMeta: called(node, names.DatabasePolicy)},
		&corev1.Secret{ObjectMeta: called(node, names.TLS)},
		&corev1.Secret{ObjectMeta: called(node, names.Database)},
	}
	if !keeps {
		made = append(made, &corev1.Secret{ObjectMeta: called(node, names.TokenKeys)},
			&corev1.Secret{ObjectMeta: called(node, names.SSHHostKey)},
			&corev1.Secret{ObjectMeta: called(node, names.NodeUser)})
	}
	for _, object := range made {
		if err := r.applier.Delete(ctx, node, object); err != nil {
			return err
		}
	}
	return nil
}

func called(node *v1alpha1.TransferNode, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: node.Namespace, Name: name}
}

// letGo gives up on what could not be undone in an instance that is being deleted itself: its Secrets, its core or its
// database may be gone already, and what is left of the node goes or stays with the instance's data.
func letGo(ctx context.Context, instance *v1alpha1.FaspexInstance, outcome phase.Outcome) phase.Outcome {
	if outcome.IsDone() || instance == nil || instance.DeletionTimestamp == nil {
		return outcome
	}
	ctrl.LoggerFrom(ctx).Info("left something behind in an instance that is being deleted", "instance", instance.Name,
		"why", outcome.Message)
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// stopping tells whether pods are worth waiting for.
func stopping(now time.Time, pods []corev1.Pod) bool {
	return slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return desired.Stopping(now, pod) })
}

// dependents are the objects that name node, as "Kind name", sorted.
func (r *reconciler) dependents(ctx context.Context, node *v1alpha1.TransferNode) ([]string, error) {
	var locations v1alpha1.StorageLocationList
	if err := r.client.List(ctx, &locations, client.InNamespace(node.Namespace)); err != nil {
		return nil, err
	}
	var keys v1alpha1.AccessKeyList
	if err := r.client.List(ctx, &keys, client.InNamespace(node.Namespace)); err != nil {
		return nil, err
	}
	var names []string
	for _, location := range locations.Items {
		if location.Spec.TransferNodeRef.Name == node.Name {
			names = append(names, "StorageLocation "+location.Name)
		}
	}
	for _, key := range keys.Items {
		if key.Spec.TransferNodeRef.Name == node.Name {
			names = append(names, "AccessKey "+key.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// dropDatabase removes the node's database and user. A server that is gone with its instance has none.
func (r *reconciler) dropDatabase(ctx context.Context, node *v1alpha1.TransferNode,
	instance *v1alpha1.FaspexInstance) phase.Outcome {
	if instance == nil {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	server, err := r.DatabaseServer(ctx, instance)
	if errors.Is(err, secrets.ErrNotFound) {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	if err != nil {
		return noServer(err)
	}
	name := databaseName(node)
	if err := mariadb.Drop(ctx, server, name, name); err != nil {
		return mariadb.Outcome(server, err)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}
