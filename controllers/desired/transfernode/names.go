package transfernode

import (
	"net"
	"strconv"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
)

// AppName is the label app.kubernetes.io/name of every object of a TransferNode.
const AppName = "hsts"

// NodeAPIServicePort is the port of the Service, whatever port hsts listens on.
const NodeAPIServicePort = 9092

// Names of everything that is made for a TransferNode. Those that a FaspexInstance of the same name would also use carry "hsts".
type Names struct {
	ConfigMap, DaemonSet, Service, DatabasePolicy  string
	TokenKeys, SSHHostKey, TLS, NodeUser, Database string
}

// NamesOf returns the names for the TransferNode called name.
func NamesOf(name string) Names {
	return Names{
		ConfigMap:  name + "-hsts",
		DaemonSet:  name + "-hsts",
		Service:    name + "-hsts",
		TokenKeys:  name + "-token-keys",
		SSHHostKey: name + "-ssh-host-key",
		TLS:        name + "-hsts-tls",
		NodeUser:   name + "-node-user",
		Database:   name + "-hsts-db",

		DatabasePolicy: name + "-hsts-db",
	}
}

// TLSSecretName is the Secret hsts serves: the one the spec names, else the generated one.
func TLSSecretName(node *v1alpha1.TransferNode) string {
	if node.Spec.TLS != nil {
		return node.Spec.TLS.SecretRef.Name
	}
	return NamesOf(node.Name).TLS
}

// Host is the DNS name of the Node API within the cluster; Faspex and the operator reach the node by it.
func Host(node *v1alpha1.TransferNode) string {
	return NamesOf(node.Name).Service + "." + node.Namespace + ".svc"
}

// Endpoint is the URL of the Node API within the cluster.
func Endpoint(node *v1alpha1.TransferNode) string {
	return "https://" + net.JoinHostPort(Host(node), strconv.Itoa(NodeAPIServicePort))
}

// DNSNames are the names the certificate has to cover: those of the Node API, and what WebSocket clients are told.
func DNSNames(node *v1alpha1.TransferNode) []string {
	service := NamesOf(node.Name).Service
	names := []string{Host(node), service, service + "." + node.Namespace, Host(node) + ".cluster.local"}
	if name := webSocketAddress(node); name != "" && net.ParseIP(name) == nil {
		names = append(names, name)
	}
	return names
}

// IPs are the addresses the certificate has to cover.
func IPs(node *v1alpha1.TransferNode) []net.IP {
	if ip := net.ParseIP(webSocketAddress(node)); ip != nil {
		return []net.IP{ip}
	}
	return nil
}

// WebSocketsByMachine tells whether WebSocket clients are told each machine's own address, so that the certificate has
// to cover all of them.
func WebSocketsByMachine(node *v1alpha1.TransferNode) bool {
	return Ports(node).WSS != 0 && node.Spec.TransferAddress == ""
}

// webSocketAddress is what WebSocket clients reach every machine by; empty if there are
// none, or each machine has its own.
func webSocketAddress(node *v1alpha1.TransferNode) string {
	if Ports(node).WSS == 0 {
		return ""
	}
	return node.Spec.TransferAddress
}

// SelectorLabels pick the pods of node.
func SelectorLabels(node *v1alpha1.TransferNode) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      AppName,
		"app.kubernetes.io/instance":  node.Name,
		"app.kubernetes.io/component": "transfer-node",
	}
}

// Labels are on every object of node.
func Labels(node *v1alpha1.TransferNode) map[string]string {
	labels := SelectorLabels(node)
	labels["app.kubernetes.io/part-of"] = "faspex"
	labels[apply.ManagedByLabel] = apply.ManagedBy
	return labels
}
