package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TransferNodeSpec is a set of machines that move files: one hsts pod on each, in the machine's own network.
// +kubebuilder:validation:XValidation:rule="!has(self.transferUsers) || self.transferUsers.all(u, !has(u.docroot) || u.docroot == '/' || self.storage.exists(s, (u.docroot + '/').startsWith('/' + s.name + '/')))",message="transferUsers: docroot must be / or begin with the name of an entry of storage, as /default"
// +kubebuilder:validation:XValidation:rule="!has(self.symbolicLinks) || !has(self.symbolicLinks.follow) || self.symbolicLinks.follow.all(p, self.storage.exists(s, (p + '/').startsWith('/' + s.name + '/')))",message="symbolicLinks.follow must begin with the name of an entry of storage, as /default/archive"
type TransferNodeSpec struct {
	// instanceRef names the FaspexInstance that this node serves.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="instanceRef cannot change"
	// +kubebuilder:validation:XValidation:rule="size(self.name) <= 40 && self.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="no FaspexInstance can have this name: it must be a DNS label of at most 40 characters"
	InstanceRef ObjectReference `json:"instanceRef,omitzero"`

	// nodeSelector picks the machines; every Linux machine by default.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 317 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="every key must be the key of a label: name or prefix/name"
	NodeSelector map[string]LabelValue `json:"nodeSelector,omitempty"`

	// tolerations of the pods.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Tolerations []Toleration `json:"tolerations,omitempty"`

	// image replaces the hsts image; the instance's by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`
	Image string `json:"image,omitempty"`

	// ports on the machine.
	// +optional
	Ports *TransferNodePorts `json:"ports,omitempty"`

	// trustedProxies are the addresses and networks (CIDR) of balancers in front of the machines that say by the PROXY
	// protocol, version 1 or 2, whom they speak for. Logs, bans and records then name the client. Who else sends such a
	// header is cut off.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isIP(self) || isCIDR(self)",message="must be an IP address or a CIDR"
	TrustedProxies []string `json:"trustedProxies,omitempty"`

	// remotes are the networks that the machines may transfer with by themselves, when a user of the Node API asks for it
	// (POST /ops/transfers); every public address by default.
	// +optional
	Remotes *TransferRemotes `json:"remotes,omitempty"`

	// transferAddress is the name or address that clients reach the machines by; each machine's own address by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="isIP(self) || self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$')",message="transferAddress must be a DNS name without underscores, or an IP address"
	TransferAddress string `json:"transferAddress,omitempty"`

	// transferUsers are who clients open SSH as; one user named xfer by default.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	TransferUsers []TransferUser `json:"transferUsers,omitempty"`

	// nodeUsers are users of the Node API beside the operator's own, from a Secret.
	// +optional
	NodeUsers *NodeUsers `json:"nodeUsers,omitempty"`

	// storage holds the files: each entry appears under its name beneath the docroot.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(a, !has(a.hostPath) || self.exists_one(b, has(b.hostPath) && b.hostPath.path == a.hostPath.path))",message="two storages must not have the same hostPath.path"
	// +kubebuilder:validation:XValidation:rule="self.all(a, !has(a.hostPath) || !self.exists(b, has(b.hostPath) && b.hostPath.path.startsWith(a.hostPath.path + '/')))",message="hostPath.path of a storage must not lie in that of another: its files would have two names"
	// +kubebuilder:validation:XValidation:rule="self.all(a, !has(a.persistentVolumeClaim) || self.exists_one(b, has(b.persistentVolumeClaim) && b.persistentVolumeClaim.claimName == a.persistentVolumeClaim.claimName))",message="two storages must not have the same persistentVolumeClaim.claimName"
	Storage []StorageMount `json:"storage,omitempty"`

	// symbolicLinks says what the node does with symbolic links in its storage; by default none is followed on the way to
	// what a token, an access key or a package is for, and uploads leave out those that lead out of what is sent.
	// +optional
	SymbolicLinks *SymbolicLinks `json:"symbolicLinks,omitempty"`

	// rates limits every transfer of this node, and all of them together.
	// +optional
	Rates *TransferRates `json:"rates,omitempty"`

	// ciphers that clients may choose; all that encrypt by default. none authenticates the data and leaves it readable on
	// its way; a client has to ask for it too.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Ciphers []NodeCipher `json:"ciphers,omitempty"`

	// gso says whether to hand trains of packets to the kernel; auto by default: on where the kernel can.
	// +optional
	// +kubebuilder:validation:Enum=auto;on;off
	GSO string `json:"gso,omitempty"`

	// history says how long what was transferred is remembered in the node's database.
	// +optional
	History *TransferHistory `json:"history,omitempty"`

	// tls of the Node API; a certificate is generated by default.
	// +optional
	TLS *TLSSpec `json:"tls,omitempty"`

	// tokenKeys says how often the keys that seal transfer tokens turn.
	// +optional
	TokenKeys *TokenKeyRotation `json:"tokenKeys,omitempty"`

	// rollout says how pods make way for new ones: each machine is drained before its pod is replaced.
	// +optional
	Rollout *NodeRollout `json:"rollout,omitempty"`

	// drain says how a machine is taken out of service.
	// +optional
	Drain *NodeDrain `json:"drain,omitempty"`

	// logLevel of the container; info by default.
	// +optional
	LogLevel LogLevel `json:"logLevel,omitempty"`

	// resources of the container; a small request and no limit by default.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.limits) || !has(self.requests) || ['cpu', 'memory', 'ephemeral-storage'].all(k, !(k in self.limits) || !(k in self.requests) || quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",message="requests must not exceed limits"
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// suspend stops the operator from changing anything of this node; what runs goes on running.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`
}

// TransferNodePorts are ports on the machine, 1024 or above: hsts has no right to lower ones. The SSH and the UDP port
// may have the same number, the TCP ports may not.
// +kubebuilder:validation:XValidation:rule="!has(self.wss) || !([has(self.ssh) ? self.ssh : 33001, has(self.nodeAPI) ? self.nodeAPI : 9092, has(self.metrics) ? self.metrics : 9095].exists(p, p == self.wss))",message="wss must differ from the other TCP ports"
// +kubebuilder:validation:XValidation:rule="(has(self.ssh) ? self.ssh : 33001) != (has(self.nodeAPI) ? self.nodeAPI : 9092)",message="ssh and nodeAPI must be different ports"
// +kubebuilder:validation:XValidation:rule="(has(self.ssh) ? self.ssh : 33001) != (has(self.metrics) ? self.metrics : 9095)",message="ssh and metrics must be different ports"
// +kubebuilder:validation:XValidation:rule="(has(self.nodeAPI) ? self.nodeAPI : 9092) != (has(self.metrics) ? self.metrics : 9095)",message="nodeAPI and metrics must be different ports"
type TransferNodePorts struct {
	// ssh is the TCP port of the control channel; 33001 by default.
	// +optional
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=65535
	SSH int32 `json:"ssh,omitempty"`

	// udp is the port of the data; 33001 by default.
	// +optional
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=65535
	UDP int32 `json:"udp,omitempty"`

	// nodeAPI is the TCP port of the Node API; 9092 by default.
	// +optional
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=65535
	NodeAPI int32 `json:"nodeAPI,omitempty"`

	// metrics is the TCP port of health checks and metrics; 9095 by default.
	// +optional
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=65535
	Metrics int32 `json:"metrics,omitempty"`

	// wss is the TCP port of the control channel over TLS WebSocket, which is open to clients that get no further than
	// HTTPS and begins a transfer sooner; absent if there is none. Clients look for it at 9093. It has the certificate of
	// the Node API, which must be one that clients trust, for the address that they are told: see tls and transferAddress.
	// +optional
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=65535
	WSS int32 `json:"wss,omitempty"`
}

// TransferHistory says how long the node's database remembers transfers that have ended. It is never for ever: names
// of files may tell about people.
// +kubebuilder:validation:XValidation:rule="duration(has(self.filesRetention) ? self.filesRetention : '720h') <= duration(has(self.retention) ? self.retention : '2160h')",message="filesRetention, 720h by default, must not exceed retention, 2160h by default"
type TransferHistory struct {
	// retention of transfers: who, when, how much and how it ended; 2160h (90 days) by default,
	// between 1h and 87600h (ten years).
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('87600h')",message="retention must be between 1h and 87600h"
	Retention *metav1.Duration `json:"retention,omitempty"`

	// filesRetention of the names of files that were transferred; 720h (30 days) by default, at
	// least 1h and at most retention.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('87600h')",message="filesRetention must be between 1h and 87600h"
	FilesRetention *metav1.Duration `json:"filesRetention,omitempty"`
}

// TransferRates limits transfers, in kilobits a second; 0 or absent is no limit.
// +kubebuilder:validation:XValidation:rule="[has(self.totalSendKbps) ? self.totalSendKbps : 0, has(self.totalReceiveKbps) ? self.totalReceiveKbps : 0].all(t, t == 0 || t >= 1000)",message="totalSendKbps and totalReceiveKbps must be 0 or at least 1000"
// +kubebuilder:validation:XValidation:rule="!has(self.targetKbps) || !has(self.maxKbps) || self.maxKbps == 0 || self.targetKbps <= self.maxKbps",message="targetKbps must not exceed maxKbps"
type TransferRates struct {
	// targetKbps is the rate of a transfer that asks for none.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000
	TargetKbps *int64 `json:"targetKbps,omitempty"`

	// maxKbps is the rate no transfer may exceed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000
	MaxKbps *int64 `json:"maxKbps,omitempty"`

	// policy of a transfer that asks for none; fair by default.
	// +optional
	Policy TransferPolicy `json:"policy,omitempty"`

	// totalSendKbps is what all downloads from one machine share. Transfers of policy high get twice the part of fair and
	// fixed ones, low half of it; what one cannot use goes to the others. It changes without a restart.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000
	TotalSendKbps *int64 `json:"totalSendKbps,omitempty"`

	// totalReceiveKbps is what all uploads to one machine share, in the same way.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000
	TotalReceiveKbps *int64 `json:"totalReceiveKbps,omitempty"`
}

// TransferNode is a DaemonSet of transfer servers, registered as one node in a FaspexInstance.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=fxn,categories=faspex
// +kubebuilder:printcolumn:name="Instance",type=string,JSONPath=`.spec.instanceRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Desired",type=integer,JSONPath=`.status.desiredNodes`
// +kubebuilder:printcolumn:name="Up",type=integer,JSONPath=`.status.readyNodes`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Endpoint",type=string,priority=1,JSONPath=`.status.endpoint`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name must be a DNS label of at most 40 characters: the names of Services are made of it"
type TransferNode struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what to run.
	// +required
	Spec TransferNodeSpec `json:"spec,omitzero"`

	// status is what the operator last saw.
	// +optional
	Status TransferNodeStatus `json:"status,omitzero"`
}

// TransferNodeList is a list of TransferNodes.
//
// +kubebuilder:object:root=true
type TransferNodeList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`

	Items []TransferNode `json:"items"`
}
