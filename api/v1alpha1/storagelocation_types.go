package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StorageLocationType says what kind of storage holds the files.
// +kubebuilder:validation:Enum=local;s3
type StorageLocationType string

// The types of storage.
const (
	// StorageLocationLocal is a folder beneath the docroot of the transfer node.
	StorageLocationLocal StorageLocationType = "local"
	// StorageLocationS3 is a bucket of an object store that speaks S3.
	StorageLocationS3 StorageLocationType = "s3"
)

// ReadPermission says who may read what lies in a storage location.
// +kubebuilder:validation:Enum=private;public;limited
type ReadPermission string

// The read permissions.
const (
	ReadPermissionPrivate ReadPermission = "private"
	ReadPermissionPublic  ReadPermission = "public"
	ReadPermissionLimited ReadPermission = "limited"
)

// StorageLocationSpec is a folder on a transfer node, or a bucket that it reaches, that Faspex stores packages in.
// +kubebuilder:validation:XValidation:rule="(self.type == 'local') == has(self.local)",message="local is required when type is local, and is for nothing else"
// +kubebuilder:validation:XValidation:rule="(self.type == 's3') == has(self.s3)",message="s3 is required when type is s3, and is for nothing else"
type StorageLocationSpec struct {
	// transferNodeRef names the TransferNode that holds the files.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="transferNodeRef cannot change"
	// +kubebuilder:validation:XValidation:rule="size(self.name) <= 40 && self.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="no TransferNode can have this name: it must be a DNS label of at most 40 characters"
	TransferNodeRef ObjectReference `json:"transferNodeRef,omitzero"`

	// type of the storage; says which of the fields below applies.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="type cannot change: make another StorageLocation"
	Type StorageLocationType `json:"type,omitempty"`

	// local is a folder beneath the docroot of the transfer node.
	// +optional
	Local *LocalStorage `json:"local,omitempty"`

	// s3 is a bucket of an object store that speaks S3. On the transfer node it is a folder of this object's name, beside
	// the entries of the TransferNode's storage.
	// +optional
	S3 *BucketStorage `json:"s3,omitempty"`

	// defaultInbox makes this the storage that packages go to unless something else is asked for.
	// +optional
	DefaultInbox *bool `json:"defaultInbox,omitempty"`

	// readPermission says who may read what lies here; private by default.
	// +optional
	ReadPermission ReadPermission `json:"readPermission,omitempty"`

	// enableLinking lets packages refer to files here instead of copying them.
	// +optional
	EnableLinking *bool `json:"enableLinking,omitempty"`

	// suspend stops the operator from changing anything of this location.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`
}

// LocalStorage is a folder beneath the docroot.
type LocalStorage struct {
	// path beneath the docroot; its first element is the name of an entry of the
	// TransferNode's storage: /default/packages.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/') && !self.endsWith('/') && !self.contains('//') && !self.matches('(^|/)[.][.]?(/|$)|[[:cntrl:]]')",message="path must be absolute, without a trailing slash, . and .. and empty elements and control characters"
	// +kubebuilder:validation:XValidation:rule="self.matches('^/[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?(/|$)')",message="path must begin with the name of an entry of the TransferNode's storage, as /default: small letters, digits and dashes"
	Path string `json:"path,omitempty"`
}

// StorageLocationStatus is what the operator last saw.
type StorageLocationStatus struct {
	// conditions: Ready, Reconciling, Stalled and one for each part.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +patchStrategy=merge
	// +patchMergeKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`

	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// nodeID is the id of the node in Faspex that shareID belongs to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	NodeID string `json:"nodeID,omitempty"`

	// shareID is the id of the shared folder in Faspex.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ShareID string `json:"shareID,omitempty"`

	// freeBytes of the file system that holds the folder, to about one percent of its size; not of a bucket.
	// +optional
	// +kubebuilder:validation:Minimum=0
	FreeBytes *int64 `json:"freeBytes,omitempty"`

	// totalBytes of the file system that holds the folder; not of a bucket.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TotalBytes *int64 `json:"totalBytes,omitempty"`
}

// StorageLocation is a folder of a transfer node, or a bucket that it reaches, that Faspex stores packages in.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=fxs,categories=faspex
// +kubebuilder:printcolumn:name="Node",type=string,JSONPath=`.spec.transferNodeRef.name`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Default",type=boolean,JSONPath=`.spec.defaultInbox`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type StorageLocation struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the folder.
	// +required
	Spec StorageLocationSpec `json:"spec,omitzero"`

	// status is what the operator last saw.
	// +optional
	Status StorageLocationStatus `json:"status,omitzero"`
}

// StorageLocationList is a list of StorageLocations.
//
// +kubebuilder:object:root=true
type StorageLocationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`

	Items []StorageLocation `json:"items"`
}
