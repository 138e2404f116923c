package faspexinstance

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/conditions"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/podtemplate"
	"faspex.io/operator/controllers/trouble"
)

// component makes the Service and the Deployment of a component and waits until its pods are available.
func (r *reconciler) component(of func(*v1alpha1.FaspexInstance) desired.Component) func(context.Context,
	*observed) phase.Outcome {
	return func(ctx context.Context, o *observed) phase.Outcome {
		c := of(o.instance)
		if outcome := r.service(ctx, o, c); !outcome.IsDone() {
			return outcome
		}
		if err := r.restrict(ctx, o, o.owner(), c.NetworkPolicy(o.instance, r.operatorNamespace)); err != nil {
			return apply.Outcome(err)
		}
		if err := r.protect(ctx, o, c); err != nil {
			return apply.Outcome(err)
		}
		if err := r.wake(ctx, o, c); err != nil {
			return apply.Outcome(err)
		}
		live := &appsv1.Deployment{}
		wanted, err := r.deploymentOf(ctx, o, c, live)
		if err != nil {
			return apply.Outcome(err)
		}
		changed, err := r.applier.Apply(ctx, o.owner(), wanted)
		if err != nil {
			return apply.Outcome(err)
		}
		from := client.Reader(r.client)
		if changed { // the cache does not know it yet
			from = r.direct
		}
		d, err := deployment(ctx, from, o, c)
		if client.IgnoreNotFound(err) != nil {
			return apply.Outcome(err)
		}
		if changed && d.Generation != live.Generation {
			return phase.Waiting(v1alpha1.ReasonProgressing, "the Deployment is rolled out")
		}
		outcome := r.explained(ctx, o, c, d)
		o.rolledOut[c.Name] = outcome.IsDone()
		return outcome
	}
}

// service makes the Service of a component and keeps its address: the router asks for addresses at its start alone.
func (r *reconciler) service(ctx context.Context, o *observed, c desired.Component) phase.Outcome {
	if _, err := r.applier.Apply(ctx, o.owner(), c.Service(o.instance)); err != nil {
		return apply.Outcome(err)
	}
	service := &corev1.Service{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: o.instance.Namespace, Name: c.ObjectName}, service)
	if apierrors.IsNotFound(err) {
		return phase.Waiting(v1alpha1.ReasonProgressing, "the Service was just made") // its event brings us back
	}
	if err != nil {
		return apply.Outcome(err)
	}
	o.addresses[c.Name] = []byte(service.Spec.ClusterIP)
	return phase.Done(v1alpha1.ReasonSucceeded, "the Service is there")
}

// protect writes the disruption budget of a component, or removes it when there is none.
func (r *reconciler) protect(ctx context.Context, o *observed, c desired.Component) error {
	if budget := c.DisruptionBudget(o.instance); budget != nil {
		_, err := r.applier.Apply(ctx, o.owner(), budget)
		return err
	}
	return r.applier.Delete(ctx, o.owner(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.instance.Namespace, Name: c.ObjectName},
	})
}

// explained is deploymentOutcome with what keeps the pods from starting.
func (r *reconciler) explained(ctx context.Context, o *observed, c desired.Component, d *appsv1.Deployment) phase.Outcome {
	outcome := deploymentOutcome(d, c.Replicas(d))
	if outcome.IsDone() {
		return outcome
	}
	for _, condition := range d.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			return phase.Waiting(v1alpha1.ReasonWorkloadFailed, outcome.Message+": the API server refuses the pod: "+
				trouble.Refusal(condition.Message)).After(trouble.Recheck)
		}
	}
	return r.explain(ctx, outcome, d, desired.SelectorLabels(o.instance, c.Name))
}

// explain adds to outcome what keeps the pods with these labels, which workload makes, from starting.
func (r *reconciler) explain(ctx context.Context, outcome phase.Outcome, workload client.Object,
	labels map[string]string) phase.Outcome {
	reason, err := trouble.Finder{Reader: r.direct}.Find(ctx, workload, labels)
	switch {
	case err != nil:
		return apply.Outcome(err)
	case reason != "":
		outcome = phase.Waiting(v1alpha1.ReasonWorkloadFailed, outcome.Message+": "+reason)
	}
	return outcome.After(trouble.Recheck)
}

// runningComponent tells how the pods of a component are while what it needs is away: they serve what they can. A
// component that was not rolled out for the spec as it is now has nothing to tell.
func (r *reconciler) runningComponent(
	condition string, of func(*v1alpha1.FaspexInstance) desired.Component,
) func(context.Context, *observed) (phase.Outcome, bool) {
	return func(ctx context.Context, o *observed) (phase.Outcome, bool) {
		if !conditions.WasSeen(o.instance.Status.Conditions, condition, o.instance.Generation) {
			return phase.Outcome{}, false
		}
		c := of(o.instance)
		d, err := deployment(ctx, r.client, o, c)
		if err != nil {
			return phase.Outcome{}, false
		}
		return r.explained(ctx, o, c, d), true
	}
}

func deployment(ctx context.Context, from client.Reader, o *observed, c desired.Component) (*appsv1.Deployment, error) {
	d := &appsv1.Deployment{}
	err := from.Get(ctx, client.ObjectKey{Namespace: o.instance.Namespace, Name: c.ObjectName}, d)
	return d, err
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
		return c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse &&
			c.Reason == "ProgressDeadlineExceeded"
	}):
		return phase.Waiting(v1alpha1.ReasonWorkloadFailed,
			fmt.Sprintf("%d of %d pods are available and there is no progress: look at the pods", s.AvailableReplicas, replicas))
	default:
		return phase.Waiting(v1alpha1.ReasonProgressing,
			fmt.Sprintf("%d of %d pods are available and current", min(s.AvailableReplicas, s.UpdatedReplicas), replicas))
	}
}

// readAtStart is what a component reads at its start and nothing else, so that no change restarts more than it must:
// ConfigMaps, which the operator renders of the spec, and what is given beside the spec.
func (o *observed) readAtStart(component string) (config []string, given []map[string][]byte) {
	names := desired.NamesOf(o.instance.Name)
	switch component {
	case desired.ComponentCore:
		return []string{names.Database, names.Core}, []map[string][]byte{o.databaseUser, o.databaseCA, o.core, o.gateway}
	case desired.ComponentService:
		return []string{names.Database, names.Core, names.Service}, []map[string][]byte{o.databaseUser, o.databaseCA, o.core}
	case desired.ComponentUtility:
		return []string{names.Database, names.Utility}, []map[string][]byte{o.databaseUser, o.databaseCA, o.utility}
	case desired.ComponentUI:
		return []string{names.UI, names.Core}, nil
	case desired.ComponentGateway:
		return []string{names.Gateway}, []map[string][]byte{o.gateway}
	default:
		// The certificate is read again whenever it changes.
		return []string{names.Router}, []map[string][]byte{o.addresses}
	}
}

// deploymentOf is the Deployment of a component, and reads into live what there is of it. A new release of the operator
// leaves its pods as they are.
func (r *reconciler) deploymentOf(ctx context.Context, o *observed,
	c desired.Component, live *appsv1.Deployment) (*appsv1ac.DeploymentApplyConfiguration, error) {
	names, given := o.readAtStart(c.Name)
	all := slices.Clone(given)
	for _, name := range names {
		all = append(all, o.config[name].Bytes())
	}
	wanted := c.Deployment(o.instance, desired.ConfigHash(all...))
	key := client.ObjectKey{Namespace: o.instance.Namespace, Name: c.ObjectName}
	if err := r.client.Get(ctx, key, live); client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	kept, err := podtemplate.Keep(live, wanted.Spec.Template, podtemplate.Inputs{
		Release: r.release, Generation: o.instance.Generation, Given: desired.ConfigHash(given...)})
	if err != nil {
		return nil, err
	}
	wanted.Spec.Template = kept.Template
	return wanted.WithAnnotations(kept.Annotations).WithLabels(kept.Labels), nil
}
