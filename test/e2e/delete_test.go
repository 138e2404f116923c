package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/test/lab"
)

// deletion deletes everything, the instance and the node first: they have to wait for what depends on them.
func deletion(t *testing.T) {
	ctx := t.Context()
	instance := &v1alpha1.FaspexInstance{}
	instance.Namespace, instance.Name = lab.Namespace, lab.Instance
	transferNode := &v1alpha1.TransferNode{}
	transferNode.Namespace, transferNode.Name = lab.Namespace, lab.TransferNode
	for _, object := range []client.Object{instance, transferNode} {
		if err := cluster.Client.Delete(ctx, object); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 30*time.Second, "the instance says that it waits for its transfer node", func(ctx context.Context) bool {
		return waitsFor(ctx, instance, &instance.Status.Conditions, lab.TransferNode)
	})
	eventually(t, 30*time.Second, "the node says that it waits for its storage location", func(ctx context.Context) bool {
		return waitsFor(ctx, transferNode, &transferNode.Status.Conditions, "packages")
	})
	if _, err := bob.API.Packages(ctx, "inbox"); err != nil {
		t.Errorf("an instance that waits for its deletion does not work any more: %v", err)
	}
	for _, kind := range []client.Object{&v1alpha1.StorageLocation{}, &v1alpha1.AccessKey{}} {
		if err := cluster.Client.DeleteAllOf(ctx, kind, client.InNamespace(lab.Namespace)); err != nil {
			t.Fatal(err)
		}
	}
	for _, object := range []client.Object{transferNode, instance} {
		eventually(t, 90*time.Second, object.GetName()+" is gone", func(ctx context.Context) bool {
			return apierrors.IsNotFound(cluster.Client.Get(ctx, client.ObjectKeyFromObject(object), object))
		})
	}
	eventually(t, time.Minute, "every pod is gone", func(ctx context.Context) bool {
		var pods corev1.PodList
		var daemonSets appsv1.DaemonSetList
		managed := client.MatchingLabels{"app.kubernetes.io/managed-by": "faspex-operator"}
		return cluster.Client.List(ctx, &pods, client.InNamespace(lab.Namespace), managed) == nil && len(pods.Items) == 0 &&
			cluster.Client.List(ctx, &daemonSets, client.InNamespace(lab.Namespace)) == nil && len(daemonSets.Items) == 0
	})
}

func waitsFor(ctx context.Context, object client.Object, conditions *[]metav1.Condition, name string) bool {
	if err := cluster.Client.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return false
	}
	ready := meta.FindStatusCondition(*conditions, v1alpha1.ConditionReady)
	for _, c := range *conditions {
		if c.Reason == v1alpha1.ReasonDependents && strings.Contains(c.Message, name) {
			return ready != nil
		}
	}
	return false
}
