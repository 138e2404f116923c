package faspexinstance

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
)

// component makes the Service and the Deployment of a component and waits until its pods are available.
func (r *reconciler) component(of func(*v1alpha1.FaspexInstance) desired.Component) func(context.Context, *observed) phase.Outcome {
	return func(ctx context.Context, o *observed) phase.Outcome {
		c := of(o.instance)
		if _, err := r.applier.Apply(ctx, o.owner(), c.Service(o.instance)); err != nil {
			return apply.Outcome(err)
		}
		changed, err := r.applier.Apply(ctx, o.owner(), c.Deployment(o.instance, o.configHash(c.Name)))
		if err != nil {
			return apply.Outcome(err)
		}
		deployment := &appsv1.Deployment{}
		key := client.ObjectKey{Namespace: o.instance.Namespace, Name: c.ObjectName}
		if err := r.client.Get(ctx, key, deployment); client.IgnoreNotFound(err) != nil {
			return apply.Outcome(err)
		}
		if changed {
			return phase.Waiting(v1alpha1.ReasonProgressing, "the Deployment is rolled out")
		}
		return deploymentOutcome(deployment, c.Replicas())
	}
}

// deploymentOutcome tells whether all replicas run the current template and no others are left.
func deploymentOutcome(d *appsv1.Deployment, replicas int32) phase.Outcome {
	s := d.Status
	switch {
	case s.ObservedGeneration < d.Generation:
		return phase.Waiting(v1alpha1.ReasonProgressing, "the Deployment is rolled out")
	case s.UpdatedReplicas == replicas && s.AvailableReplicas == replicas && s.Replicas == replicas:
		return phase.Done(v1alpha1.ReasonSucceeded, fmt.Sprintf("%d of %d pods are available", replicas, replicas))
	case slices.ContainsFunc(s.Conditions, func(c appsv1.DeploymentCondition) bool {
		return c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded"
	}):
		return phase.Waiting(v1alpha1.ReasonWorkloadFailed,
			fmt.Sprintf("%d of %d pods are available and there is no progress: look at the pods", s.AvailableReplicas, replicas))
	default:
		return phase.Waiting(v1alpha1.ReasonProgressing, fmt.Sprintf("%d of %d pods are available and current", min(s.AvailableReplicas, s.UpdatedReplicas), replicas))
	}
}

// configHash digests what a component reads at its start and nothing else, so that no change restarts more than it must.
func (o *observed) configHash(component string) string {
	names := desired.NamesOf(o.instance.Name)
	config := func(name string) map[string][]byte { return o.config[name].Bytes() }
	switch component {
	case desired.ComponentCore:
		return desired.ConfigHash(config(names.Database), o.databaseUser, o.databaseCA, config(names.Core), o.core)
	case desired.ComponentService:
		return desired.ConfigHash(config(names.Database), o.databaseUser, o.databaseCA, config(names.Core), o.core, config(names.Service))
	case desired.ComponentUtility:
		return desired.ConfigHash(config(names.Database), o.databaseUser, o.databaseCA, config(names.Utility), o.utility)
	case desired.ComponentUI:
		return desired.ConfigHash(config(names.UI), config(names.Core))
	default:
		return desired.ConfigHash(config(names.Router), o.tls)
	}
}
