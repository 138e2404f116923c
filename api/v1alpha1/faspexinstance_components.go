package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
)

// ComponentSpec is what every Deployment of an instance can be told.
type ComponentSpec struct {
	// replicas; 1 by default.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Replicas *int32 `json:"replicas,omitempty"`

	// resources of the container; a small request and no limit by default.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.limits) || !has(self.requests) || ['cpu', 'memory', 'ephemeral-storage'].all(k, !(k in self.limits) || !(k in self.requests) || quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",message="requests must not exceed limits"
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// logLevel of the container; info by default.
	// +optional
	LogLevel LogLevel `json:"logLevel,omitempty"`
}

// CoreSpec is the API server's.
type CoreSpec struct {
	ComponentSpec `json:",inline"`

	// concurrentWorkers is how many requests a replica works on at a time, in units of its processes; 2 by default.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	ConcurrentWorkers int32 `json:"concurrentWorkers,omitempty"`
}

// UtilitySpec is the utility's.
type UtilitySpec struct {
	ComponentSpec `json:",inline"`

	// authorizedIPs are the addresses, networks (CIDR) and wildcards (192.0.2.*, 10.*.0.1, *) that may use the utility;
	// nobody may when the list is empty or absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isIP(self) || isCIDR(self) || self.matches('^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9]|[*])[.]){0,3}[*]$') || self.matches('^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9]|[*])[.]){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$')",message="must be an IP address, a CIDR or a wildcard, as 192.0.2.*"
	AuthorizedIPs []string `json:"authorizedIPs,omitempty"`
}

// ServiceSpec is the background jobs'.
type ServiceSpec struct {
	ComponentSpec `json:",inline"`

	// webhookNetworks are addresses and networks (CIDR) that webhooks may call beside the public Internet. There are none
	// by default: who administers Faspex would otherwise reach what only the cluster can see.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isIP(self) || isCIDR(self)",message="must be an IP address or a CIDR"
	WebhookNetworks []string `json:"webhookNetworks,omitempty"`
}

// RouterSpec is the front door's.
type RouterSpec struct {
	ComponentSpec `json:",inline"`

	// service is the router's Service.
	// +optional
	Service *RouterServiceSpec `json:"service,omitempty"`

	// trustedProxies are the addresses and networks (CIDR) of proxies and load balancers in front of the router
	// that say in X-Forwarded-For whom they speak for. Nobody else is believed: for others, the client's
	// address is that of the connection.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isIP(self) || isCIDR(self)",message="must be an IP address or a CIDR"
	TrustedProxies []string `json:"trustedProxies,omitempty"`
}

// RouterServiceSpec is the Service in front of the router. Its ports are 443 (https) and 80 (http, redirects).
// +kubebuilder:validation:XValidation:rule="!(has(self.httpNodePort) || has(self.httpsNodePort)) || (has(self.type) && self.type != 'ClusterIP')",message="node ports need type NodePort or LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.externalTrafficPolicy) || (has(self.type) && self.type != 'ClusterIP')",message="externalTrafficPolicy needs type NodePort or LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!(has(self.httpNodePort) && has(self.httpsNodePort) && self.httpNodePort == self.httpsNodePort)",message="httpNodePort and httpsNodePort must differ"
type RouterServiceSpec struct {
	// type; ClusterIP by default.
	// +optional
	// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
	Type string `json:"type,omitempty"`

	// httpsNodePort is the port on every node for https; chosen by the cluster when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	HTTPSNodePort int32 `json:"httpsNodePort,omitempty"`

	// httpNodePort is the port on every node for http; chosen by the cluster when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	HTTPNodePort int32 `json:"httpNodePort,omitempty"`

	// externalTrafficPolicy of a NodePort or LoadBalancer: Local (default) keeps the client's address, which the login's
	// throttle and the utility's authorizedIPs go by, and answers on the nodes that run a pod of the router only. Cluster
	// answers on every node, and clients have the address of a node.
	// +optional
	// +kubebuilder:validation:Enum=Local;Cluster
	ExternalTrafficPolicy string `json:"externalTrafficPolicy,omitempty"`

	// annotations of the Service, for load balancers.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	Annotations map[string]string `json:"annotations,omitempty"`
}
