package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TransferNodeStatus is what the operator last saw.
type TransferNodeStatus struct {
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

	// nodeID is the id of this node in Faspex.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	NodeID string `json:"nodeID,omitempty"`

	// endpoint is the URL of the Node API within the cluster.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Endpoint string `json:"endpoint,omitempty"`

	// nodeUserSecretName is the Secret that holds the node user's name and password.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	NodeUserSecretName string `json:"nodeUserSecretName,omitempty"`

	// version of the software that answers at endpoint.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Version string `json:"version,omitempty"`

	// tokenKeys are the keys that tokens are sealed with and opened by, in the order of their ids; the first 16.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=16
	TokenKeys []TokenKeyStatus `json:"tokenKeys,omitempty"`

	// desiredNodes is how many machines are selected.
	// +optional
	// +kubebuilder:validation:Minimum=0
	DesiredNodes *int32 `json:"desiredNodes,omitempty"`

	// readyNodes is how many of them run a ready pod.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ReadyNodes *int32 `json:"readyNodes,omitempty"`

	// machines are those that run a pod, in the order of their names; the first 256.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Machines []TransferNodeMachine `json:"machines,omitempty"`
}

// TransferNodeMachine is a machine that runs a pod of a TransferNode.
type TransferNodeMachine struct {
	// name of the Kubernetes node.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// address that clients transfer with.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Address string `json:"address,omitempty"`

	// ready tells whether the pod is ready.
	// +required
	Ready *bool `json:"ready,omitempty"`

	// outdated tells whether the pod is to be replaced by one of the current template.
	// +optional
	Outdated *bool `json:"outdated,omitempty"`

	// drain tells how far the machine is that takes no new transfers.
	// +optional
	Drain *MachineDrain `json:"drain,omitempty"`

	// image that the pod runs.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`
}
