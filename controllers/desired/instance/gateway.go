package instance

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/secrets"
)

const (
	gatewayPort        = 7000
	gatewayNodesDir    = "/etc/faspex/gateway"
	gatewayNodesKey    = "nodes.yaml"
	gatewaySecretBytes = 32
)

// HasGateway tells whether the spec wants a gateway.
func HasGateway(instance *v1alpha1.FaspexInstance) bool {
	given := instance.Spec.Gateway
	return given == nil || given.Enabled == nil || *given.Enabled
}

// Gateway carries files between browsers and nodes. Its list of nodes is a folder and no file of its own, so that a
// change reaches the running pod, and is no part of what restarts it.
func Gateway(instance *v1alpha1.FaspexInstance) Component {
	names := NamesOf(instance.Name)
	c := Component{Name: ComponentGateway, ObjectName: names.Gateway}
	if instance.Spec.Gateway != nil {
		c.spec = instance.Spec.Gateway.ComponentSpec
	}
	c = c.faspex(instance, gatewayPort, []string{"gateway"}, envFromConfigMap(names.Gateway), envFromSecret(names.Gateway))
	c.container.WithVolumeMounts(corev1ac.VolumeMount().WithName("nodes").WithMountPath(gatewayNodesDir).WithReadOnly(true))
	c.volumes = append(c.volumes, corev1ac.Volume().WithName("nodes").WithConfigMap(
		corev1ac.ConfigMapVolumeSource().WithName(names.GatewayNodes)))
	return c
}

// GatewaySecret has the key that core seals download tickets with and the gateway opens them with. To replace it
// without breaking tickets that are on their way, put the old value beside it as FASPEX_GATEWAY_OLD_SECRET.
func GatewaySecret(instance *v1alpha1.FaspexInstance) secrets.Wanted {
	want := wantedSecret(instance, NamesOf(instance.Name).Gateway, ComponentGateway)
	want.Keys = []string{"FASPEX_GATEWAY_SECRET"}
	want.Generate = func() (map[string][]byte, error) {
		raw := make([]byte, gatewaySecretBytes)
		rand.Read(raw) // never fails since Go 1.24
		return map[string][]byte{"FASPEX_GATEWAY_SECRET": []byte(base64.StdEncoding.EncodeToString(raw))}, nil
	}
	return want
}

// GatewayNode is a node that the gateway may connect to, as nodes.yaml has it.
type GatewayNode struct {
	// Host is what transfer specs call remote_host.
	Host string `json:"host"`
	// SSHPort and WSSPort are the ports of the control channel; 0 if there is none.
	SSHPort int32 `json:"sshPort,omitempty"`
	WSSPort int32 `json:"wssPort,omitempty"`
	// SSHHostKeys are lines of authorized_keys; without them a spec has to carry the fingerprint.
	SSHHostKeys []string `json:"sshHostKeys,omitempty"`
	// TLSCA are the authorities of the certificate at WSSPort, in PEM; the system's when empty.
	TLSCA string `json:"tlsCA,omitempty"`
}

// GatewayNodes is the ConfigMap with the list of nodes, sorted, so that the same nodes make the same text.
func GatewayNodes(instance *v1alpha1.FaspexInstance, nodes []GatewayNode) (ConfigMap, error) {
	sorted := slices.Clone(nodes)
	slices.SortFunc(sorted, func(a, b GatewayNode) int {
		if byHost := strings.Compare(a.Host, b.Host); byHost != 0 {
			return byHost
		}
		return int(a.SSHPort) - int(b.SSHPort)
	})
	if sorted == nil {
		sorted = []GatewayNode{}
	}
	text, err := yaml.Marshal(map[string]any{"nodes": sorted})
	if err != nil {
		return ConfigMap{}, fmt.Errorf("encode %s: %w", gatewayNodesKey, err)
	}
	return ConfigMap{NamesOf(instance.Name).GatewayNodes, ComponentGateway,
		map[string]string{gatewayNodesKey: string(text)}}, nil
}

func gatewayEnv(instance *v1alpha1.FaspexInstance) map[string]string {
	var component *v1alpha1.ComponentSpec
	if instance.Spec.Gateway != nil {
		component = &instance.Spec.Gateway.ComponentSpec
	}
	return map[string]string{
		"FASPEX_GATEWAY_NODES_FILE": gatewayNodesDir + "/" + gatewayNodesKey,
		"FASPEX_GATEWAY_LOG_LEVEL":  logLevel(component),
		// Its bounds are for each client, and all of them come by the router.
		"FASPEX_GATEWAY_TRUSTED_PROXIES": clusterNetworks,
	}
}
