package v1alpha1

// LabelValue is the value of a label: at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at
// both ends; it may be empty.
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`
type LabelValue string

// Toleration lets pods run on machines with a taint.
// +kubebuilder:validation:XValidation:rule="!(has(self.operator) && self.operator == 'Exists' && has(self.value) && size(self.value) > 0)",message="operator Exists takes no value"
// +kubebuilder:validation:XValidation:rule="has(self.key) && size(self.key) > 0 || has(self.operator) && self.operator == 'Exists'",message="a toleration without a key needs operator Exists"
// +kubebuilder:validation:XValidation:rule="!has(self.tolerationSeconds) || has(self.effect) && self.effect == 'NoExecute'",message="tolerationSeconds needs effect NoExecute"
type Toleration struct {
	// key of the taint; every taint without it.
	// +optional
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$')",message="key must be the key of a label: name or prefix/name"
	Key string `json:"key,omitempty"`

	// operator compares the value of the taint: Equal (default), or Exists for any.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self in ['Exists', 'Equal', '']",message="operator must be Exists or Equal"
	Operator string `json:"operator,omitempty"`

	// value of the taint.
	// +optional
	Value LabelValue `json:"value,omitempty"`

	// effect of the taint; every effect without it.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self in ['NoSchedule', 'PreferNoSchedule', 'NoExecute', '']",message="effect must be NoSchedule, PreferNoSchedule or NoExecute"
	Effect string `json:"effect,omitempty"`

	// tolerationSeconds is how long a pod stays on a machine that gets a taint of effect NoExecute; for ever without it.
	// +optional
	TolerationSeconds *int64 `json:"tolerationSeconds,omitempty"`
}
