package v1alpha1

// GatewaySpec is the HTTP gateway's: browsers send and receive through it what ascp does by itself.
// Its Deployment keeps no files.
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || self.replicas <= 1",message="the gateway keeps sessions in the memory of its pod: at most 1 replica"
// +kubebuilder:validation:XValidation:rule="!has(self.enabled) || self.enabled || !has(self.nodes)",message="nodes need enabled: true"
type GatewaySpec struct {
	ComponentSpec `json:",inline"`

	// enabled says whether there is a gateway; true by default. Without one, the page offers ascp alone.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// nodes are transfer nodes outside of this cluster that the gateway may connect to. The machines of the TransferNodes
	// of this instance are added by themselves; the gateway connects to nothing else.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Nodes []GatewayNode `json:"nodes,omitempty"`
}

// GatewayNode is a transfer node that the gateway may connect to.
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretRef) || has(self.wssPort)",message="caSecretRef needs wssPort"
type GatewayNode struct {
	// host is the name or address that the node's transfer specs give as remote_host.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="isIP(self) || self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$')",message="host must be a DNS name without underscores, or an IP address"
	Host string `json:"host,omitempty"`

	// sshPort is the TCP port of the control channel; 33001 by default.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	SSHPort int32 `json:"sshPort,omitempty"`

	// sshHostKeys are the public keys that the node may prove itself with, in the format of OpenSSH's .pub files. Without
	// them, a transfer spec has to carry the fingerprint of the node's key.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( [^[:cntrl:]]*)?$')",message="must be a public key in the format of OpenSSH: type, base64 and, possibly, a comment"
	SSHHostKeys []string `json:"sshHostKeys,omitempty"`

	// wssPort is the TCP port of the control channel over TLS WebSocket; absent if there is none.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	WSSPort int32 `json:"wssPort,omitempty"`

	// caSecretRef names a Secret whose key ca.crt holds the authorities that the node's certificate is verified by;
	// those of the system when absent.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty"`
}
