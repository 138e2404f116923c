package transfernode

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/phase"
)

// sleep stops the pods of a node whose instance hibernates. Sessions write their checkpoints when they are ended, so that
// clients resume them afterwards. A DaemonSet cannot be scaled: it is deleted, and made again of the spec.
func (r *reconciler) sleep(ctx context.Context, node *v1alpha1.TransferNode) (phase.Outcome, bool) {
	instance, err := r.instance(ctx, node)
	if err != nil {
		return apply.Outcome(err), true
	}
	if !desiredinstance.Hibernates(instance) {
		return phase.Outcome{}, false
	}
	if err := r.applier.Delete(ctx, node, &appsv1.DaemonSet{ObjectMeta: called(node,
		desired.NamesOf(node.Name).DaemonSet)}); err != nil {
		return apply.Outcome(err), true
	}
	pods, err := r.pods(ctx, node)
	if err != nil {
		return apply.Outcome(err), true
	}
	if stopping(r.Now(), pods) {
		return phase.Waiting(v1alpha1.ReasonProgressing, "on the way to hibernation: the pods are stopping").
			After(podPoll), true
	}
	node.Status.Machines = nil
	return phase.Done(v1alpha1.ReasonHibernated, "FaspexInstance "+instance.Name+" hibernates: no pod runs"), true
}
