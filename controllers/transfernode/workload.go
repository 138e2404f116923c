package transfernode

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/conditions"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/podtemplate"
	"faspex.io/operator/controllers/trouble"
	"faspex.io/operator/internal/version"
)

const (
	// podsRecheck is how often pods that are not ready are looked at.
	podsRecheck = 10 * time.Second
	// addressRecheck is how soon those are looked at whose machine has not told its address yet: the
	// database is not open to it before.
	addressRecheck = 2 * time.Second
)

func recheckOf(pods []corev1.Pod) time.Duration {
	if slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return pod.Status.HostIP == "" }) {
		return addressRecheck
	}
	return podsRecheck
}

// workloadReady writes the ConfigMap, the Service and the DaemonSet, and reports how the pods are.
func (r *reconciler) workloadReady(ctx context.Context, o *observed) phase.Outcome {
	config, err := desired.Config(o.node)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonInvalidSpec, "the configuration of hsts cannot be rendered", err)
	}
	atStart, err := desired.StartConfig(o.node)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonInvalidSpec, "the configuration of hsts cannot be rendered", err)
	}
	daemonSet, err := r.daemonSet(ctx, o.node, r.workload(o, atStart))
	if err != nil {
		return apply.Outcome(err)
	}
	for _, object := range []runtime.ApplyConfiguration{desired.ConfigMap(o.node, config), desired.Service(o.node),
		daemonSet} {
		if _, err := r.applier.Apply(ctx, nobody, object); err != nil {
			return apply.Outcome(err)
		}
	}
	o.node.Status.Endpoint = desired.Endpoint(o.node)
	pods, err := r.pods(ctx, o.node)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the pods cannot be listed", err)
	}
	if err := r.admitToDatabase(ctx, o, pods); err != nil {
		return apply.Outcome(err)
	}
	outcome := r.lookAtPods(ctx, o, pods)
	waits, err := r.rollOut(ctx, o, daemonSet.Annotations[desired.TemplateHashAnnotation], pods)
	if err != nil {
		return apply.Outcome(err)
	}
	outcome.Message += drained(o.node)
	if waits {
		outcome = outcome.After(drainRecheck)
	}
	return outcome
}

// daemonSet is what the pods shall be. Neither a new release of the operator nor another image of it, which prepares the
// storage folders, changes the pods by itself; the next change of what they are made of takes it along.
func (r *reconciler) daemonSet(
	ctx context.Context, node *v1alpha1.TransferNode, workload desired.Workload,
) (*appsv1ac.DaemonSetApplyConfiguration, error) {
	live := &appsv1.DaemonSet{}
	key := client.ObjectKey{Namespace: node.Namespace, Name: desired.NamesOf(node.Name).DaemonSet}
	if err := r.client.Get(ctx, key, live); client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("get DaemonSet: %w", err)
	}
	daemonSet := desired.DaemonSet(node, workload)
	hash, err := desired.TemplateHash(daemonSet.Spec.Template)
	if err != nil {
		return nil, err
	}
	daemonSet.Spec.Template.WithAnnotations(map[string]string{desired.TemplateHashAnnotation: hash})
	kept, err := podtemplate.Keep(live, daemonSet.Spec.Template, podtemplate.Inputs{
		Release: version.Version + " " + workload.OperatorImage, Generation: node.Generation, Given: workload.Given()})
	if err != nil {
		return nil, err
	}
	daemonSet.Spec.Template = kept.Template
	// Pods are compared with the template that the workload has.
	kept.Annotations[desired.TemplateHashAnnotation] = kept.Template.Annotations[desired.TemplateHashAnnotation]
	return daemonSet.WithAnnotations(kept.Annotations).WithLabels(kept.Labels), nil
}

// runningWorkload tells how the pods are while what the DaemonSet is made of is away: they go on running, and their
// machines go on being reported.
func (r *reconciler) runningWorkload(ctx context.Context, o *observed) (phase.Outcome, bool) {
	seen := conditions.WasSeen(o.node.Status.Conditions, v1alpha1.ConditionWorkloadReady, o.node.Generation)
	if o.node.Status.DesiredNodes == nil {
		return phase.Outcome{}, false
	}
	pods, err := r.pods(ctx, o.node)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the pods cannot be listed", err), seen
	}
	return r.lookAtPods(ctx, o, pods), seen
}

// lookAtPods reports how the DaemonSet and its pods are.
func (r *reconciler) lookAtPods(ctx context.Context, o *observed, pods []corev1.Pod) phase.Outcome {
	daemonSet := &appsv1.DaemonSet{}
	key := client.ObjectKey{Namespace: o.node.Namespace, Name: desired.NamesOf(o.node.Name).DaemonSet}
	if err := r.client.Get(ctx, key, daemonSet); client.IgnoreNotFound(err) != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the DaemonSet cannot be read", err)
	}
	o.node.Status.DesiredNodes = &daemonSet.Status.DesiredNumberScheduled
	o.node.Status.ReadyNodes = &daemonSet.Status.NumberReady
	o.node.Status.Machines = machines(pods, o.node.Spec.TransferAddress)
	outcome := judgeDaemonSet(daemonSet, pods)
	if !outcome.IsDone() && !slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return pod.DeletionTimestamp == nil }) {
		refused, err := trouble.Finder{Reader: r.direct}.Refused(ctx, daemonSet)
		if err != nil {
			return apply.Outcome(err)
		}
		if refused != "" {
			outcome = phase.Waiting(v1alpha1.ReasonWorkloadFailed, outcome.Message+": "+refused)
		}
	}
	if !outcome.IsDone() {
		// What keeps a pod from starting is told by the pod alone, which nothing watches.
		outcome = outcome.After(recheckOf(pods))
	}
	return outcome
}

// workload is what the DaemonSet takes from the instance, and the digest of what is read at the start.
func (r *reconciler) workload(o *observed, atStart string) desired.Workload {
	workload := desired.Workload{
		Image:         desiredinstance.ImagesOf(o.instance).HSTS,
		OperatorImage: r.OperatorImage,
		PullPolicy:    desiredinstance.PullPolicy(o.instance),
		ConfigHash:    desired.ConfigHash(atStart, o.databaseEnv, o.sshHostKeys),
		SecretsHash:   desired.ConfigHash("", o.databaseEnv, o.sshHostKeys),

		DatabaseCASecret: desiredinstance.DatabaseOf(o.instance).CASecret,
	}
	if o.node.Spec.Image != "" {
		workload.Image = o.node.Spec.Image
	}
	for _, ref := range o.instance.Spec.ImagePullSecrets {
		workload.PullSecrets = append(workload.PullSecrets, ref.Name)
	}
	return workload
}

// pods of the node. They are read directly: nothing else watches pods, and the DaemonSet tells when they change.
func (r *reconciler) pods(ctx context.Context, node *v1alpha1.TransferNode) ([]corev1.Pod, error) {
	var list corev1.PodList
	err := r.direct.List(ctx, &list, client.InNamespace(node.Namespace),
		client.MatchingLabels(desired.SelectorLabels(node)))
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	return list.Items, nil
}

// judgeDaemonSet says whether every selected machine runs a ready pod of the current template.
func judgeDaemonSet(daemonSet *appsv1.DaemonSet, pods []corev1.Pod) phase.Outcome {
	status := daemonSet.Status
	wanted := status.DesiredNumberScheduled
	switch {
	case daemonSet.Generation == 0 || status.ObservedGeneration < daemonSet.Generation:
		return phase.Waiting(v1alpha1.ReasonProgressing, "the DaemonSet controller has not seen the current template yet")
	case wanted == 0:
		return phase.Waiting(v1alpha1.ReasonNoNodes, "spec.nodeSelector: no machine is selected")
	case status.UpdatedNumberScheduled < wanted:
		return phase.Waiting(v1alpha1.ReasonProgressing,
			fmt.Sprintf("%d of %d pods run the current template%s", status.UpdatedNumberScheduled, wanted, troubles(pods)))
	case status.NumberReady < wanted:
		return phase.Waiting(v1alpha1.ReasonProgressing,
			fmt.Sprintf("%d of %d pods are ready%s", status.NumberReady, wanted, troubles(pods)))
	}
	return phase.Done(v1alpha1.ReasonSucceeded, fmt.Sprintf("%d of %d pods are ready", status.NumberReady, wanted))
}
