package faspexinstance

import (
	"context"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	desirednode "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/phase"
)

// sleepRecheck is how often an instance on its way to sleep is looked at: nothing watches pods.
const sleepRecheck = 5 * time.Second

// sleep stops every pod of an instance that hibernates: those that serve people first, then those of the transfer nodes,
// which their own controller stops, and then the embedded database, which all of them use. What changes or reads the
// database is left to end.
func (r *reconciler) sleep(ctx context.Context, i *v1alpha1.FaspexInstance) (phase.Outcome, bool) {
	if !desired.Hibernates(i) {
		return phase.Outcome{}, false
	}
	for _, step := range []func(context.Context, *v1alpha1.FaspexInstance) (waitsFor string, err error){
		r.jobsEnd, r.componentsStop, r.nodesStop, r.databaseStops,
	} {
		waitsFor, err := step(ctx, i)
		if err != nil {
			return apply.Outcome(err), true
		}
		if waitsFor != "" {
			return phase.Waiting(v1alpha1.ReasonProgressing, "on the way to hibernation: "+waitsFor).After(sleepRecheck), true
		}
	}
	return phase.Done(v1alpha1.ReasonHibernated, "spec.hibernate is true: no pod runs, and all data is kept"), true
}

// jobsEnd waits for migrations, backups and restores. A migration that has not begun is given up and begun afterwards.
func (r *reconciler) jobsEnd(ctx context.Context, i *v1alpha1.FaspexInstance) (string, error) {
	var jobs batchv1.JobList
	if err := r.client.List(ctx, &jobs, client.InNamespace(i.Namespace), made(i)); err != nil {
		return "", err
	}
	for n := range jobs.Items {
		job := &jobs.Items[n]
		if finished(job, batchv1.JobComplete) || finished(job, batchv1.JobFailed) {
			continue
		}
		if job.Labels[desired.LabelComponent] != desired.ComponentMigration {
			return "Job " + job.Name + " is left to end", nil
		}
		var pods corev1.PodList
		if err := r.direct.List(ctx, &pods, client.InNamespace(job.Namespace),
			client.MatchingLabels(desired.MigrationPods(job.Name))); err != nil {
			return "", err
		}
		if slices.ContainsFunc(pods.Items, migrates) {
			return "the migration changes the schema and is left to end", nil
		}
		if err := r.applier.Delete(ctx, i, job); err != nil {
			return "", err
		}
	}
	return "", nil
}

// componentsStop scales the Deployments to none, and keeps how many pods they had.
func (r *reconciler) componentsStop(ctx context.Context, i *v1alpha1.FaspexInstance) (string, error) {
	var list appsv1.DeploymentList
	if err := r.client.List(ctx, &list, client.InNamespace(i.Namespace), made(i)); err != nil {
		return "", err
	}
	waitsFor := ""
	for n := range list.Items {
		d := &list.Items[n]
		if replicas := scaleOf(d.Spec.Replicas); replicas > 0 {
			before := d.DeepCopy()
			none := int32(0)
			d.Spec.Replicas = &none
			if d.Annotations == nil {
				d.Annotations = map[string]string{}
			}
			d.Annotations[desired.AwakeAnnotation] = strconv.Itoa(int(replicas))
			if err := r.applier.Patch(ctx, before, d); err != nil {
				return "", err
			}
		}
		if d.Status.Replicas > 0 || d.Status.ObservedGeneration < d.Generation {
			waitsFor = "the pods of " + d.Name + " stop"
		}
	}
	return waitsFor, nil
}

// nodesStop waits for the pods of the TransferNodes that name the instance.
func (r *reconciler) nodesStop(ctx context.Context, i *v1alpha1.FaspexInstance) (string, error) {
	var list v1alpha1.TransferNodeList
	if err := r.client.List(ctx, &list, client.InNamespace(i.Namespace)); err != nil {
		return "", err
	}
	for n := range list.Items {
		node := &list.Items[n]
		if node.Spec.InstanceRef.Name != i.Name {
			continue
		}
		var pods corev1.PodList
		if err := r.direct.List(ctx, &pods, client.InNamespace(i.Namespace),
			client.MatchingLabels(desirednode.SelectorLabels(node))); err != nil {
			return "", err
		}
		if slices.ContainsFunc(pods.Items, func(p corev1.Pod) bool { return desirednode.Stopping(r.now(), p) }) {
			return "the pods of TransferNode " + node.Name + " stop", nil
		}
	}
	return "", nil
}

// databaseStops stops the embedded database. Its volume stays.
func (r *reconciler) databaseStops(ctx context.Context, i *v1alpha1.FaspexInstance) (string, error) {
	set := &appsv1.StatefulSet{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: i.Namespace, Name: desired.NamesOf(i.Name).Database}, set)
	if err != nil || set.Labels[apply.ManagedByLabel] != apply.ManagedBy {
		return "", client.IgnoreNotFound(err)
	}
	if scaleOf(set.Spec.Replicas) > 0 {
		before := set.DeepCopy()
		none := int32(0)
		set.Spec.Replicas = &none
		if err := r.applier.Patch(ctx, before, set); err != nil {
			return "", err
		}
	}
	if set.Status.Replicas > 0 || set.Status.ObservedGeneration < set.Generation {
		return "the database stops", nil
	}
	return "", nil
}

// wake gives a component that was scaled to none its pods again. How many the spec says is applied afterwards; what an
// autoscaler or the default had is kept nowhere else.
func (r *reconciler) wake(ctx context.Context, o *observed, c desired.Component) error {
	d, err := deployment(ctx, r.client, o, c)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	awake, asleep := d.Annotations[desired.AwakeAnnotation]
	if !asleep {
		return nil
	}
	before := d.DeepCopy()
	delete(d.Annotations, desired.AwakeAnnotation)
	if replicas, err := strconv.ParseInt(awake, 10, 32); err == nil && replicas > 0 && !c.OwnReplicas() {
		number := int32(replicas)
		d.Spec.Replicas = &number
	}
	return r.applier.Patch(ctx, before, d)
}

// made picks what the operator made for an instance.
func made(i *v1alpha1.FaspexInstance) client.MatchingLabels {
	return client.MatchingLabels{desired.LabelName: desired.PartOf, desired.LabelInstance: i.Name,
		apply.ManagedByLabel: apply.ManagedBy}
}

// scaleOf is how many pods a workload has: one when nothing is said.
func scaleOf(replicas *int32) int32 {
	if replicas == nil {
		return 1
	}
	return *replicas
}
