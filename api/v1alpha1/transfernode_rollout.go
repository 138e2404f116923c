package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// NodeRollout says how the pods of a TransferNode make way for new ones.
type NodeRollout struct {
	// maxUnavailable is how many machines are drained for a rollout, or have no ready pod, at a time; 1 by default.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	MaxUnavailable *int32 `json:"maxUnavailable,omitempty"`
}

// NodeDrain says how a machine is taken out of service.
type NodeDrain struct {
	// deadline is how long the transfers of a machine that is drained for a rollout may go on; 10m by default, at most
	// 168h. Those that run longer are ended and resume on another machine, or on this one when its new pod is ready.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('168h')",message="deadline must be between 0s and 168h"
	Deadline *metav1.Duration `json:"deadline,omitempty"`
}

// DrainState is how far a machine is that is drained.
// +kubebuilder:validation:Enum=Draining;Drained
type DrainState string

// States of a drain.
const (
	// DrainRunning: transfers go on, or clients are still given the machine's address.
	DrainRunning DrainState = "Draining"
	// DrainDone: nothing runs on the machine, and nothing new comes.
	DrainDone DrainState = "Drained"
)

// DrainReason is why a machine is drained.
// +kubebuilder:validation:Enum=Rollout;Machine
type DrainReason string

// Reasons of a drain.
const (
	// DrainForRollout: its pod is replaced by one of the current template.
	DrainForRollout DrainReason = "Rollout"
	// DrainForMachine: an administrator has cordoned the machine; kubectl drain does so.
	DrainForMachine DrainReason = "Machine"
)

// MachineDrain tells how far a machine is that takes no new transfers.
type MachineDrain struct {
	// state: Draining, or Drained when nothing runs any more.
	// +required
	State DrainState `json:"state,omitempty"`

	// for tells why it is drained: Rollout or Machine.
	// +required
	For DrainReason `json:"for,omitempty"`

	// since is when it was told to take no new transfers.
	// +required
	Since metav1.Time `json:"since,omitzero"`

	// until is when a rollout ends what still runs.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`

	// sessions run on it; absent when the node cannot say.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Sessions *int32 `json:"sessions,omitempty"`
}
