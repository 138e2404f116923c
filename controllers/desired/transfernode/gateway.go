package transfernode

import (
	"strings"

	"faspex.io/operator/api/v1alpha1"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
)

// GatewayNodes are the addresses of node as the gateway of its instance has to know them: one for all machines, or one
// for each. sshHostKeys is the data of the Secret with the host keys, of which only the public halves are taken.
// authorities, in PEM, verify the certificate at the WebSocket port; when they are empty, that port is left out.
func GatewayNodes(node *v1alpha1.TransferNode, sshHostKeys map[string][]byte,
	authorities []byte) []desiredinstance.GatewayNode {
	ports := Ports(node)
	entry := desiredinstance.GatewayNode{SSHPort: ports.SSH}
	for _, name := range []string{SSHHostKeyEd25519, SSHHostKeyRSA} {
		if public := strings.TrimSpace(string(sshHostKeys[name+publicSuffix])); public != "" {
			entry.SSHHostKeys = append(entry.SSHHostKeys, public)
		}
	}
	if ports.WSS != 0 && len(authorities) > 0 {
		entry.WSSPort, entry.TLSCA = ports.WSS, string(authorities)
	}
	var list []desiredinstance.GatewayNode
	for _, address := range addresses(node) {
		entry.Host = address
		list = append(list, entry)
	}
	return list
}

// addresses are what transfer specs of node give as remote_host.
func addresses(node *v1alpha1.TransferNode) []string {
	if node.Spec.TransferAddress != "" {
		return []string{node.Spec.TransferAddress}
	}
	var list []string
	for _, machine := range node.Status.Machines {
		if machine.Address != "" {
			list = append(list, machine.Address)
		}
	}
	return list
}
