// Package v1alpha1 holds the kinds of the faspex.io API group: FaspexInstance, TransferNode,
// StorageLocation, AccessKey and FaspexBackup.
//
// It says what a user may ask for and what the operator reports, with every rule the API server can check by itself. It
// knows nothing of how a spec becomes objects, and computes no defaults: those are in the controllers.
//
// +kubebuilder:object:generate=true
// +groupName=faspex.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the group and version of every kind in this package.
	GroupVersion = schema.GroupVersion{Group: "faspex.io", Version: "v1alpha1"}

	schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme registers the kinds of this package with a scheme.
	AddToScheme = schemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&FaspexInstance{}, &FaspexInstanceList{},
		&TransferNode{}, &TransferNodeList{},
		&StorageLocation{}, &StorageLocationList{},
		&AccessKey{}, &AccessKeyList{},
		&FaspexBackup{}, &FaspexBackupList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
