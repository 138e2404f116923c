package faspexinstance

import (
	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
)

// phases in the order of the guide: database, migration, core, what talks to core, and the door to all of them last.
func (r *reconciler) phases() []phase.Phase[*observed] {
	return []phase.Phase[*observed]{
		{Condition: v1alpha1.ConditionSecretsReady, Run: r.secretsReady},
		{Condition: v1alpha1.ConditionDatabaseReady, Needs: []string{v1alpha1.ConditionSecretsReady}, Run: r.databaseReady},
		{Condition: v1alpha1.ConditionDatabaseProvisioned, Needs: []string{v1alpha1.ConditionDatabaseReady}, Run: r.databaseProvisioned},
		{Condition: v1alpha1.ConditionSchemaMigrated, Needs: []string{v1alpha1.ConditionDatabaseProvisioned}, Run: r.schemaMigrated},
		{Condition: v1alpha1.ConditionCoreReady, Needs: []string{v1alpha1.ConditionSchemaMigrated}, Run: r.component(desired.Core)},
		{Condition: v1alpha1.ConditionUIReady, Needs: []string{v1alpha1.ConditionCoreReady}, Run: r.component(desired.UI)},
		{Condition: v1alpha1.ConditionServiceReady, Needs: []string{v1alpha1.ConditionCoreReady}, Run: r.component(desired.Service)},
		{Condition: v1alpha1.ConditionUtilityReady, Needs: []string{v1alpha1.ConditionCoreReady}, Run: r.component(desired.Utility)},
		{
			Condition: v1alpha1.ConditionRouterReady,
			Needs:     []string{v1alpha1.ConditionUIReady, v1alpha1.ConditionServiceReady, v1alpha1.ConditionUtilityReady},
			Run:       r.component(desired.RouterComponent),
		},
	}
}

// owner is who the objects of an instance are deleted with.
func (o *observed) owner() apply.Owner { return o.instance }

// dataOwner is who the objects are deleted with without which the data is of no use: nobody when the data is retained.
func (o *observed) dataOwner() apply.Owner {
	if desired.RetainsData(o.instance) {
		return nil
	}
	return o.instance
}
