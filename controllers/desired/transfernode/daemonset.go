package transfernode

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
)

const (
	containerName = "hsts"
	uid           = 65532

	portSSH     = "ssh"
	portData    = "data"
	portNodeAPI = "node-api"
	portMetrics = "metrics"
	portWSS     = "wss"

	// configHashAnnotation restarts pods when something changes that hsts reads only at its start.
	configHashAnnotation = "faspex.io/config-hash"

	// terminationGraceSeconds lets running sessions write their checkpoint and tell their clients.
	terminationGraceSeconds = 60
)

// Workload is what the DaemonSet takes from around the TransferNode.
type Workload struct {
	// Image is the hsts image; PullPolicy and PullSecrets are the instance's.
	Image string
	// OperatorImage is the operator's own, which prepares the storage folders.
	OperatorImage string
	PullPolicy    corev1.PullPolicy
	PullSecrets   []string
	// DatabaseCASecret, if not empty, is the Secret with the authorities of an external database, under ca.crt.
	DatabaseCASecret string
	// ConfigHash is ConfigHash's result, SecretsHash the same without the configuration.
	ConfigHash, SecretsHash string
}

// Given digests what people and Secrets decide of the pods, beside the TransferNode.
func (w Workload) Given() string {
	return ConfigHash(fmt.Sprint(w.SecretsHash, w.Image, w.PullPolicy, w.PullSecrets, w.DatabaseCASecret), nil, nil)
}

// ConfigHash digests what hsts reads only at its start: StartConfig's result, the environment from the
// database Secret, and the SSH host keys, by their public halves. The other Secrets are read again when they
// change and take no part. Eight bytes are enough to tell versions apart and too few to test guesses of a
// password of more than 200 bits against.
func ConfigHash(config string, databaseEnv, sshHostKeys map[string][]byte) string {
	digest := sha256.New()
	write := func(b []byte) {
		sum := sha256.Sum256(b)
		digest.Write(sum[:])
	}
	write([]byte(config))
	for _, key := range slices.Sorted(maps.Keys(databaseEnv)) {
		write([]byte(key))
		write(databaseEnv[key])
	}
	for _, key := range []string{SSHHostKeyEd25519, SSHHostKeyRSA} {
		write(sshHostKeys[key+publicSuffix])
	}
	return hex.EncodeToString(digest.Sum(nil)[:8])
}

// TemplateHashAnnotation of the DaemonSet and of its pods has TemplateHash's result.
const TemplateHashAnnotation = "faspex.io/template-hash"

// TemplateHash digests a pod template.
func TemplateHash(template *corev1ac.PodTemplateSpecApplyConfiguration) (string, error) {
	text, err := json.Marshal(template)
	if err != nil {
		return "", fmt.Errorf("digest the pods: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}

// DaemonSet runs hsts in the network of every selected machine.
func DaemonSet(node *v1alpha1.TransferNode, workload Workload) *appsv1ac.DaemonSetApplyConfiguration {
	podSpec := corev1ac.PodSpec().
		WithHostNetwork(true).
		WithDNSPolicy(corev1.DNSClusterFirstWithHostNet).
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(terminationGraceSeconds).
		WithNodeSelector(nodeSelector(node)).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithFSGroup(uid).
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithInitContainers(prepareContainer(node, workload)).
		WithContainers(serveContainer(node, workload)).
		WithVolumes(volumes(node, workload)...).
		WithVolumes(machineVolumes(node)...)
	for _, toleration := range node.Spec.Tolerations {
		podSpec.WithTolerations(tolerationApply(toleration))
	}
	for _, name := range workload.PullSecrets {
		podSpec.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(name))
	}
	return appsv1ac.DaemonSet(NamesOf(node.Name).DaemonSet, node.Namespace).
		WithLabels(Labels(node)).
		WithSpec(appsv1ac.DaemonSetSpec().
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(node))).
			// The operator replaces pods, when their machines are drained.
			WithUpdateStrategy(appsv1ac.DaemonSetUpdateStrategy().WithType(appsv1.OnDeleteDaemonSetStrategyType)).
			WithTemplate(corev1ac.PodTemplateSpec().
				WithLabels(Labels(node)).
				WithAnnotations(map[string]string{configHashAnnotation: workload.ConfigHash}).
				WithSpec(podSpec)))
}

func nodeSelector(node *v1alpha1.TransferNode) map[string]string {
	selector := map[string]string{corev1.LabelOSStable: "linux"}
	for key, value := range node.Spec.NodeSelector {
		selector[key] = string(value)
	}
	return selector
}

func tolerationApply(t v1alpha1.Toleration) *corev1ac.TolerationApplyConfiguration {
	apply := corev1ac.Toleration()
	if t.Key != "" {
		apply.WithKey(t.Key)
	}
	if t.Operator != "" {
		apply.WithOperator(corev1.TolerationOperator(t.Operator))
	}
	if t.Value != "" {
		apply.WithValue(string(t.Value))
	}
	if t.Effect != "" {
		apply.WithEffect(corev1.TaintEffect(t.Effect))
	}
	if t.TolerationSeconds != nil {
		apply.WithTolerationSeconds(*t.TolerationSeconds)
	}
	return apply
}

func serveContainer(node *v1alpha1.TransferNode, workload Workload) *corev1ac.ContainerApplyConfiguration {
	ports := Ports(node)
	port := func(name string, protocol corev1.Protocol, number int32) *corev1ac.ContainerPortApplyConfiguration {
		return corev1ac.ContainerPort().WithName(name).WithProtocol(protocol).WithContainerPort(number).WithHostPort(number)
	}
	probe := func(urlPath string) *corev1ac.ProbeApplyConfiguration {
		return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().
			WithPath(urlPath).WithPort(intstr.FromString(portMetrics)).WithScheme(corev1.URISchemeHTTP))
	}
	mounts := append([]*corev1ac.VolumeMountApplyConfiguration{configMount()}, secretMounts(node, workload)...)
	container := corev1ac.Container().
		WithName(containerName).
		WithImage(workload.Image).
		WithImagePullPolicy(workload.PullPolicy).
		WithArgs("serve", "--config", path.Join(configFileDir, configKey)).
		WithEnv(env(node, workload)...).
		WithEnvFrom(corev1ac.EnvFromSource().WithSecretRef(
			corev1ac.SecretEnvSource().WithName(NamesOf(node.Name).Database))).
		WithPorts(
			port(portSSH, corev1.ProtocolTCP, ports.SSH),
			port(portData, corev1.ProtocolUDP, ports.UDP),
			port(portNodeAPI, corev1.ProtocolTCP, ports.NodeAPI),
			port(portMetrics, corev1.ProtocolTCP, ports.Metrics)).
		WithStartupProbe(probe("/livez").WithPeriodSeconds(2).WithTimeoutSeconds(5).WithFailureThreshold(90)).
		WithLivenessProbe(probe("/livez").WithPeriodSeconds(10).WithTimeoutSeconds(5).WithFailureThreshold(6)).
		WithReadinessProbe(probe("/readyz").WithPeriodSeconds(3).WithTimeoutSeconds(3).WithFailureThreshold(3)).
		WithSecurityContext(corev1ac.SecurityContext().
			WithRunAsUser(uid).
			WithRunAsGroup(uid).
			WithRunAsNonRoot(true).
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithVolumeMounts(append(mounts, storageMounts(node)...)...)
	if ports.WSS != 0 {
		container.WithPorts(port(portWSS, corev1.ProtocolTCP, ports.WSS))
	}
	return container.WithResources(resources(node.Spec.Resources))
}

// resources are what the spec says, or a request of about what hsts takes at rest; limits are the user's business.
func resources(r *corev1.ResourceRequirements) *corev1ac.ResourceRequirementsApplyConfiguration {
	apply := corev1ac.ResourceRequirements()
	if r == nil {
		return apply.WithRequests(corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi"),
		})
	}
	if len(r.Requests) > 0 {
		apply.WithRequests(r.Requests)
	}
	if len(r.Limits) > 0 {
		apply.WithLimits(r.Limits)
	}
	return apply
}

func env(node *v1alpha1.TransferNode, workload Workload) []*corev1ac.EnvVarApplyConfiguration {
	field := func(name, fieldPath string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValueFrom(corev1ac.EnvVarSource().WithFieldRef(
			corev1ac.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath(fieldPath)))
	}
	advertise := field("HSTS_ADVERTISE_ADDRESS", "status.hostIP")
	if node.Spec.TransferAddress != "" {
		advertise = corev1ac.EnvVar().WithName("HSTS_ADVERTISE_ADDRESS").WithValue(node.Spec.TransferAddress)
	}
	draining := corev1ac.EnvVar().WithName("HSTS_DRAINING_FILE").WithValue(path.Join(podDir, drainingFile))
	vars := []*corev1ac.EnvVarApplyConfiguration{field("HSTS_NODE_NAME", "spec.nodeName"), advertise, draining}
	if node.Spec.LogLevel != "" {
		vars = append(vars, corev1ac.EnvVar().WithName("HSTS_LOG_LEVEL").WithValue(string(node.Spec.LogLevel)))
	}
	if workload.DatabaseCASecret != "" {
		vars = append(vars,
			corev1ac.EnvVar().WithName("HSTS_DB_CA_FILE").WithValue(path.Join(databaseCADir, certificate.CAKey)))
	}
	return vars
}
