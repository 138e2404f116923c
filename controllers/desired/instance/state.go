package instance

import "faspex.io/operator/api/v1alpha1"

// AwakeAnnotation of a Deployment that was scaled to none holds how many pods there were.
const AwakeAnnotation = "faspex.io/replicas-awake"

// Hibernates tells whether no pod of an instance shall run. It is false for no instance.
func Hibernates(instance *v1alpha1.FaspexInstance) bool {
	return instance != nil && instance.Spec.Hibernate != nil && *instance.Spec.Hibernate
}

// LeavesData tells whether an instance is being deleted and its data is kept, with all that nodes, storage locations and
// access keys of it have in it: who makes them again finds it. It is false for no instance.
func LeavesData(instance *v1alpha1.FaspexInstance) bool {
	return instance != nil && instance.DeletionTimestamp != nil && RetainsData(instance)
}

// OwnReplicas tells whether the spec says how many pods the component has.
func (c Component) OwnReplicas() bool { return c.spec.Replicas != nil }
