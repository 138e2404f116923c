package faspexinstance

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// collectGarbage deletes what belongs to an instance that is gone, as a cluster does and an API server alone does not.
func collectGarbage(b *bench) {
	b.t.Helper()
	for _, list := range []client.ObjectList{
		&corev1.SecretList{}, &corev1.ConfigMapList{}, &corev1.ServiceList{}, &appsv1.DeploymentList{},
		&appsv1.StatefulSetList{}, &batchv1.JobList{},
		&networkingv1.NetworkPolicyList{},
	} {
		if err := b.client.List(b.t.Context(), list, client.InNamespace(b.namespace)); err != nil {
			b.t.Fatal(err)
		}
		err := meta.EachListItem(list, func(o runtime.Object) error {
			object, ok := o.(client.Object)
			if !ok || metav1.GetControllerOf(object) == nil {
				return nil
			}
			return b.client.Delete(b.t.Context(), object, client.PropagationPolicy(metav1.DeletePropagationBackground))
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}
