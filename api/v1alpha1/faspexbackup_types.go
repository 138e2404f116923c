package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FaspexBackupSpec is one backup of an instance.
// +kubebuilder:validation:XValidation:rule="has(self.target) == has(self.encryption)",message="target and encryption go together; without both, those of the instance's spec.backup hold"
type FaspexBackupSpec struct {
	// instanceRef names the FaspexInstance.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="instanceRef cannot change"
	// +kubebuilder:validation:XValidation:rule="size(self.name) <= 40 && self.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="no FaspexInstance can have this name: it must be a DNS label of at most 40 characters"
	InstanceRef ObjectReference `json:"instanceRef,omitzero"`

	// target is where the backup goes; that of the instance's spec.backup by default.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="target cannot change"
	Target *BackupTarget `json:"target,omitempty"`

	// encryption of the backup; that of the instance's spec.backup by default.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="encryption cannot change"
	Encryption *BackupEncryption `json:"encryption,omitempty"`

	// deletionPolicy says what becomes of what was written when this object is deleted. Retain (default) leaves it,
	// Delete removes it.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// FaspexBackupStatus is what the operator last saw.
type FaspexBackupStatus struct {
	// conditions: Ready (the backup is complete), Reconciling, Stalled (it failed), TargetReady and Completed.
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

	// id of the backup within the target.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=127
	ID string `json:"id,omitempty"`

	// target that it was written to, with its prefix. It is also what deletion goes by.
	// +optional
	Target *BackupTarget `json:"target,omitempty"`

	// encryption that it was made with.
	// +optional
	Encryption *BackupEncryption `json:"encryption,omitempty"`

	// location is where the objects are, for people.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Location string `json:"location,omitempty"`

	// version of Faspex that was backed up.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Version string `json:"version,omitempty"`

	// sizeBytes of all objects.
	// +optional
	// +kubebuilder:validation:Minimum=1
	SizeBytes int64 `json:"sizeBytes,omitempty"`

	// startTime is the time as of which the backup is.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// completionTime is when it was complete.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// failureTime is when it was given up. It is not tried again; make another FaspexBackup.
	// +optional
	FailureTime *metav1.Time `json:"failureTime,omitempty"`

	// failure says why.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Failure string `json:"failure,omitempty"`
}

// FaspexBackup is one backup of a FaspexInstance: its databases, those of its TransferNodes, and the Secrets without
// which they are of no use. It does not hold the files of packages.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=fxb,categories=faspex
// +kubebuilder:printcolumn:name="Instance",type=string,JSONPath=`.spec.instanceRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Bytes",type=integer,JSONPath=`.status.sizeBytes`
// +kubebuilder:printcolumn:name="Completed",type=date,JSONPath=`.status.completionTime`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Location",type=string,priority=1,JSONPath=`.status.location`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 55 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name must be a DNS label of at most 55 characters: the names of Jobs are made of it"
type FaspexBackup struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what to back up.
	// +required
	Spec FaspexBackupSpec `json:"spec,omitzero"`

	// status is what the operator last saw.
	// +optional
	Status FaspexBackupStatus `json:"status,omitzero"`
}

// FaspexBackupList is a list of FaspexBackups.
//
// +kubebuilder:object:root=true
type FaspexBackupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`

	Items []FaspexBackup `json:"items"`
}
