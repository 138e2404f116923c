package nodeapi

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"faspex.io/operator/api/v1alpha1"
)

// Usable tells whether a part of node is there. A node whose spec has just changed stays usable: its conditions speak
// of the generation before and are corrected at once if they no longer hold.
func Usable(node *v1alpha1.TransferNode, conditionType string) bool {
	return meta.IsStatusConditionTrue(node.Status.Conditions, conditionType)
}

// StorageOf is the name of the storage that an absolute path beneath the docroot begins with.
func StorageOf(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return name
}

// Directory is the folder of a StorageLocation on the node: a bucket is mounted by the name of the object.
func Directory(location *v1alpha1.StorageLocation) string {
	if location.Spec.Local != nil {
		return location.Spec.Local.Path
	}
	return "/" + location.Name
}
