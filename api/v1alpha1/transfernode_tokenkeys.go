package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TokenKeyRotation says how often the keys that seal transfer tokens turn. A new key is given to all machines ten
// minutes before the first token is sealed with it; no pod restarts and no transfer notices.
// +kubebuilder:validation:XValidation:rule="!has(self.rotateEvery) || duration(self.rotateEvery) == duration('0s') || duration(self.rotateEvery) > duration(has(self.overlap) ? self.overlap : '168h') + duration('10m')",message="rotateEvery must exceed overlap (168h by default) and ten minutes, or be 0s"
type TokenKeyRotation struct {
	// rotateEvery is the age at which a key is replaced; 2160h (90 days) by default, at least 1h; 0s keeps it for ever.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) == duration('0s') || duration(self) >= duration('1h')",message="rotateEvery must be 0s or at least 1h"
	RotateEvery *metav1.Duration `json:"rotateEvery,omitempty"`

	// overlap is how long tokens of the former key are good after the new one is used; 168h (a week) by default, at least
	// 10m. It should exceed the life of the longest token.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('10m')",message="overlap must be at least 10m"
	Overlap *metav1.Duration `json:"overlap,omitempty"`
}

// TokenKeyUse is what a token key is for.
// +kubebuilder:validation:Enum=Active;Next;Former
type TokenKeyUse string

// Uses of a token key.
const (
	// TokenKeyActive seals new tokens.
	TokenKeyActive TokenKeyUse = "Active"
	// TokenKeyNext will seal them when every machine has it.
	TokenKeyNext TokenKeyUse = "Next"
	// TokenKeyFormer opens tokens that it sealed.
	TokenKeyFormer TokenKeyUse = "Former"
)

// TokenKeyStatus is a key that tokens are sealed with or opened by.
type TokenKeyStatus struct {
	// id of the key, which every token names.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ID string `json:"id,omitempty"`

	// use of the key.
	// +required
	Use TokenKeyUse `json:"use,omitempty"`

	// createdAt is when the key was made; absent for keys of people.
	// +optional
	CreatedAt *metav1.Time `json:"createdAt,omitempty"`
}
