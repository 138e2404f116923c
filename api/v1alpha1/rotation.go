package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RotateAtAnnotation of an object has its credentials replaced once, as soon as the time that it holds (RFC 3339) has
// come. Those that were made or replaced later than that stay.
const RotateAtAnnotation = "faspex.io/rotate-at"

// Rotation says when credentials are replaced, and how long the former ones are good beside the new.
// The annotation faspex.io/rotate-at with a time replaces them once more.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.every) || duration(self.every) == duration('0s') || duration(self.every) > duration(has(self.overlap) ? self.overlap : '24h')",message="every must exceed overlap (24h by default), or be 0s"
type Rotation struct {
	// every is the age at which credentials are replaced, at least 1h; when it is absent or 0s, the annotation alone does.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) == duration('0s') || duration(self) >= duration('1h')",message="every must be 0s or at least 1h"
	Every *metav1.Duration `json:"every,omitempty"`

	// overlap is how long the former credentials are good beside the new; 24h by default, at least 1m and at most 720h.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="overlap must be between 1m and 720h"
	Overlap *metav1.Duration `json:"overlap,omitempty"`
}
