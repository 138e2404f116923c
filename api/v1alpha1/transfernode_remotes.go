package v1alpha1

// TransferRemotes says which addresses the machines may reach for those who have them make transfers. The machines
// themselves may always be reached at the ports of transfers.
type TransferRemotes struct {
	// allow are the addresses and networks (CIDR) that may be reached, and no others. By default every public address may
	// be, and none that is private, local or of a link.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isIP(self) || isCIDR(self)",message="must be an IP address or a CIDR"
	Allow []string `json:"allow,omitempty"`

	// deny are addresses and networks (CIDR) that may not be reached,
	// whatever allow says.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isIP(self) || isCIDR(self)",message="must be an IP address or a CIDR"
	Deny []string `json:"deny,omitempty"`
}
