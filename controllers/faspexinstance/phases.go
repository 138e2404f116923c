package faspexinstance

import (
	"context"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/policy"
)

// phases in the order of the guide: database, migration, core, what talks to core, and the door to all of them last.
func (r *reconciler) phases() []phase.Phase[*observed] {
	return []phase.Phase[*observed]{
		{Condition: v1alpha1.ConditionSpecAllowed, Run: r.specAllowed},
		{Condition: v1alpha1.ConditionSecretsReady, Needs: []string{v1alpha1.ConditionSpecAllowed}, Run: r.secretsReady},
		{Condition: v1alpha1.ConditionDatabaseReady, Needs: []string{v1alpha1.ConditionSecretsReady}, Run: r.databaseReady},
		{Condition: v1alpha1.ConditionDatabaseProvisioned, Needs: []string{v1alpha1.ConditionDatabaseReady},
			Run: r.databaseProvisioned},
		{Condition: v1alpha1.ConditionRestored, Needs: []string{v1alpha1.ConditionDatabaseProvisioned}, Run: r.restored},
		{Condition: v1alpha1.ConditionSchemaMigrated, Run: r.schemaMigrated,
			Needs: []string{v1alpha1.ConditionDatabaseProvisioned, v1alpha1.ConditionRestored}},
		r.componentPhase(v1alpha1.ConditionCoreReady, desired.Core, v1alpha1.ConditionSchemaMigrated),
		r.componentPhase(v1alpha1.ConditionUIReady, desired.UI, v1alpha1.ConditionCoreReady),
		r.componentPhase(v1alpha1.ConditionServiceReady, desired.Service, v1alpha1.ConditionCoreReady),
		r.componentPhase(v1alpha1.ConditionUtilityReady, desired.Utility, v1alpha1.ConditionCoreReady),
		{
			Condition: v1alpha1.ConditionGatewayReady, Needs: []string{v1alpha1.ConditionCoreReady},
			Run: r.gatewayReady, Observe: r.runningGateway,
		},
		// The router forwards without a gateway too, but finds its Service only at the start: the
		// phase above has made that first.
		r.componentPhase(v1alpha1.ConditionRouterReady, desired.RouterComponent,
			v1alpha1.ConditionUIReady, v1alpha1.ConditionServiceReady, v1alpha1.ConditionUtilityReady),
		{Condition: v1alpha1.ConditionSettingsApplied, Needs: []string{v1alpha1.ConditionRouterReady},
			Run: r.settingsApplied},
		{Condition: v1alpha1.ConditionPasswordsReplaced, Aside: true, Run: r.passwordsReplaced},
		{Condition: v1alpha1.ConditionBackupHealthy, Aside: true, Run: r.backupHealthy},
	}
}

func (r *reconciler) specAllowed(_ context.Context, o *observed) phase.Outcome {
	return policy.Outcome(r.policy.Instance(o.instance))
}

// componentPhase rolls a component out once what it needs is there; from then on its condition tells of its own pods.
func (r *reconciler) componentPhase(
	condition string, of func(*v1alpha1.FaspexInstance) desired.Component, needs ...string,
) phase.Phase[*observed] {
	return phase.Phase[*observed]{Condition: condition, Needs: needs, Run: r.component(of),
		Observe: r.runningComponent(condition, of)}
}

// owner is who the objects of an instance are deleted with by the garbage collector: those that hold nothing and are
// made again in no time.
func (o *observed) owner() apply.Owner { return o.instance }

// nobody owns Secrets, and the database with what it is made of. The garbage collector asks nobody before it deletes in
// the foreground what an object owns; an instance that waits for its dependents needs all of this. The finalizer deletes
// it (removeKept).
var nobody apply.Owner
