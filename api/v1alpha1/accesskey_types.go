package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AccessKeySpec is a key to a part of a transfer node's storage.
type AccessKeySpec struct {
	// transferNodeRef names the TransferNode that knows the key.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="transferNodeRef cannot change"
	// +kubebuilder:validation:XValidation:rule="size(self.name) <= 40 && self.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="no TransferNode can have this name: it must be a DNS label of at most 40 characters"
	TransferNodeRef ObjectReference `json:"transferNodeRef,omitzero"`

	// storage is the root of what the key opens.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="storage cannot change"
	Storage AccessKeyStorage `json:"storage,omitzero"`

	// transfer limits the transfers made with the key.
	// +optional
	Transfer *AccessKeyTransfer `json:"transfer,omitempty"`

	// tokenVerificationKey is the public key that verifies bearer tokens for this key.
	// +optional
	TokenVerificationKey *TokenVerificationKey `json:"tokenVerificationKey,omitempty"`

	// secretName is the Secret that id and secret are written to; the name of this object plus -access-key by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	SecretName string `json:"secretName,omitempty"`

	// rotation says when the secret of the key is replaced. The Secret holds the new one from the moment that the node
	// takes it; status.formerSecretUntil tells until when the one before is good too.
	// +optional
	Rotation *Rotation `json:"rotation,omitempty"`

	// suspend stops the operator from changing anything of this key.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`
}

// AccessKeyStorage is the root of what a key opens.
// +kubebuilder:validation:XValidation:rule="[has(self.storageLocationRef), has(self.local), has(self.s3)].filter(x, x).size() == 1",message="exactly one of storageLocationRef, local and s3 must be set"
type AccessKeyStorage struct {
	// storageLocationRef names a StorageLocation of the same TransferNode.
	// +optional
	StorageLocationRef *ObjectReference `json:"storageLocationRef,omitempty"`

	// local is a folder beneath the docroot of the transfer node.
	// +optional
	Local *LocalStorage `json:"local,omitempty"`

	// s3 is a bucket of an object store that speaks S3.
	// +optional
	S3 *BucketStorage `json:"s3,omitempty"`
}

// AccessKeyTransfer limits the transfers made with a key.
// +kubebuilder:validation:XValidation:rule="!has(self.targetRateKbps) || !has(self.targetRateCapKbps) || self.targetRateKbps <= self.targetRateCapKbps",message="targetRateKbps must not exceed targetRateCapKbps"
type AccessKeyTransfer struct {
	// targetRateKbps is the rate of a transfer that asks for none, in kilobits a second.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	TargetRateKbps int64 `json:"targetRateKbps,omitempty"`

	// targetRateCapKbps is the rate no transfer may exceed, in kilobits a second.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	TargetRateCapKbps int64 `json:"targetRateCapKbps,omitempty"`

	// policy of a transfer that asks for none.
	// +optional
	Policy TransferPolicy `json:"policy,omitempty"`

	// cipher of every transfer.
	// +optional
	Cipher Cipher `json:"cipher,omitempty"`
}

// TokenVerificationKey is a public key, given here or in a Secret.
// +kubebuilder:validation:XValidation:rule="has(self.inline) != has(self.secretRef)",message="exactly one of inline and secretRef must be set"
type TokenVerificationKey struct {
	// inline is the public key in PEM.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	// +kubebuilder:validation:XValidation:rule="self.startsWith('-----BEGIN PUBLIC KEY-----') || self.startsWith('-----BEGIN RSA PUBLIC KEY-----')",message="inline must be a public key in PEM"
	Inline string `json:"inline,omitempty"`

	// secretRef names the key of a Secret that holds the public key in PEM.
	// +optional
	SecretRef *SecretKeyReference `json:"secretRef,omitempty"`
}

// AccessKeyStatus is what the operator last saw.
type AccessKeyStatus struct {
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

	// id of the access key on the node.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id,omitempty"`

	// rootFileID is the file id of the root of the key's storage.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	RootFileID string `json:"rootFileID,omitempty"`

	// secretName is the Secret that holds id and secret.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// rotatedAt is when the secret was last replaced.
	// +optional
	RotatedAt *metav1.Time `json:"rotatedAt,omitempty"`

	// formerSecretUntil is until when the secret before the present one is good; absent when none is.
	// +optional
	FormerSecretUntil *metav1.Time `json:"formerSecretUntil,omitempty"`

	// bucketCredentials is a keyed digest of the credentials that the node has for spec.storage.s3: it tells whether those
	// of the Secret are others.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	BucketCredentials string `json:"bucketCredentials,omitempty"`
}

// AccessKey is a key of a transfer node: an id and a secret that open a part of its storage.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=fxk,categories=faspex
// +kubebuilder:printcolumn:name="Node",type=string,JSONPath=`.spec.transferNodeRef.name`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name must have at most 63 characters: it is a label of the Secret"
type AccessKey struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the key opens.
	// +required
	Spec AccessKeySpec `json:"spec,omitzero"`

	// status is what the operator last saw.
	// +optional
	Status AccessKeyStatus `json:"status,omitzero"`
}

// AccessKeyList is a list of AccessKeys.
//
// +kubebuilder:object:root=true
type AccessKeyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`

	Items []AccessKey `json:"items"`
}
