package apply

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// NamespaceEnds tells whether a namespace is being deleted. It asks by trying to make something there, without making
// it: an operator with Roles alone may not read namespaces.
func (a *Applier) NamespaceEnds(ctx context.Context, namespace string) (bool, error) {
	probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "faspex-probe-"}}
	err := a.client.Create(ctx, probe, client.DryRunAll, client.FieldOwner(a.manager))
	switch {
	case err == nil:
		return false, nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause), apierrors.IsNotFound(err):
		return true, nil
	}
	return false, fmt.Errorf("look whether the namespace is being deleted: %w", err)
}
