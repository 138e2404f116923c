package v1alpha1

import (
	networkingv1 "k8s.io/api/networking/v1"
)

// NetworkPolicySpec says who may open connections to the pods of an instance. By default the embedded database is open to core, service,
// utility, the migration, the operator, and the machines of the instance's TransferNodes; core, service, utility and ui to the router, and
// core to the operator too. Policies bind where the cluster's network plugin enforces them. They do not bind transfer nodes, which are in
// the network of their machines: what is open there is for the machines' firewalls.
type NetworkPolicySpec struct {
	// enabled is true by default; false removes the policies.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// metricsFrom may open the ports of core, service, utility and ui as well, which serve /metrics beside everything else: the pods of
	// Prometheus.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	MetricsFrom []networkingv1.NetworkPolicyPeer `json:"metricsFrom,omitempty"`

	// databaseFrom may open the embedded database as well: pods that make backups, or, where the network plugin gives connections
	// between machines and pods other addresses than the machines', the networks of those.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	DatabaseFrom []networkingv1.NetworkPolicyPeer `json:"databaseFrom,omitempty"`
}
