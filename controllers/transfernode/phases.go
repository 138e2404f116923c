package transfernode

import (
	"context"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/policy"
)

// phases in order. What runs goes on running while the instance is away: only what needs the instance waits for it.
func (r *reconciler) phases() []phase.Phase[*observed] {
	return []phase.Phase[*observed]{
		{Condition: v1alpha1.ConditionSpecAllowed, Run: r.specAllowed},
		{Condition: v1alpha1.ConditionInstanceReady, Run: r.instanceReady},
		{Condition: v1alpha1.ConditionSecretsReady, Run: r.secretsReady},
		{Condition: v1alpha1.ConditionDatabaseProvisioned, Run: r.databaseProvisioned},
		{
			Condition: v1alpha1.ConditionWorkloadReady, Run: r.workloadReady, Observe: r.runningWorkload,
			Needs: []string{v1alpha1.ConditionSpecAllowed, v1alpha1.ConditionSecretsReady,
				v1alpha1.ConditionDatabaseProvisioned},
		},
		{Condition: v1alpha1.ConditionStorageShared, Run: r.storageShared},
		{
			Condition: v1alpha1.ConditionNodeAPIReady, Run: r.nodeAPIReady,
			Needs: []string{v1alpha1.ConditionSecretsReady},
		},
		{
			Condition: v1alpha1.ConditionRegistered, Run: r.registered,
			Needs: []string{v1alpha1.ConditionInstanceReady, v1alpha1.ConditionNodeAPIReady},
		},
	}
}

// nobody owns what is made for a node. The garbage collector asks nobody before it deletes in the foreground what an
// object owns, and a node that waits for its dependents goes on serving them. The finalizer deletes it.
var nobody apply.Owner

func (r *reconciler) specAllowed(_ context.Context, o *observed) phase.Outcome {
	return policy.Outcome(r.Policy.TransferNode(o.node, o.instance))
}

func (r *reconciler) instanceReady(_ context.Context, o *observed) phase.Outcome {
	return judgeInstance(o.node, o.instance)
}

// judgeInstance says whether an instance can be used: whether it has come up, whatever is changed or broken of it now.
// One that is suspended or has lost a part answers for itself, and what calls it tells whether it does.
func judgeInstance(node *v1alpha1.TransferNode, instance *v1alpha1.FaspexInstance) phase.Outcome {
	name := node.Spec.InstanceRef.Name
	switch {
	case instance == nil:
		return phase.Waiting(v1alpha1.ReasonInstanceNotFound, "spec.instanceRef.name: FaspexInstance "+name+" does not exist")
	case faspexapi.Ready(instance):
		return phase.Done(v1alpha1.ReasonSucceeded, "FaspexInstance "+name+" is ready")
	case node.Status.NodeID != "" || faspexapi.Serves(instance):
		return phase.Done(v1alpha1.ReasonSucceeded, "FaspexInstance "+name+" has come up; it is not ready now")
	}
	return phase.Waiting(v1alpha1.ReasonInstanceNotReady, "FaspexInstance "+name+" is not ready")
}

// nodeAPIReady asks the Node API who it is, through its Service and with the credentials everyone else will use.
func (r *reconciler) nodeAPIReady(ctx context.Context, o *observed) phase.Outcome {
	if o.node.Status.ReadyNodes == nil || *o.node.Status.ReadyNodes == 0 {
		return phase.Waiting(v1alpha1.ReasonProgressing, "no pod is ready")
	}
	return r.askNode(ctx, o)
}
