package transfernode_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/transfernode"
	hstsconfig "faspex.io/operator/dataplane/config"
)

var update = flag.Bool("update", false, "write the golden files")

func minimal() *v1alpha1.TransferNode {
	return &v1alpha1.TransferNode{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "files"},
		Spec: v1alpha1.TransferNodeSpec{
			InstanceRef: v1alpha1.ObjectReference{Name: "demo"},
			Storage: []v1alpha1.StorageMount{
				{Name: "default", HostPath: &v1alpha1.HostPathStorage{Path: "/srv/faspex-demo"}},
			},
		},
	}
}

func full() *v1alpha1.TransferNode {
	node := minimal()
	target, limit, send, receive := int64(500_000), int64(1_000_000), int64(4_000_000), int64(2_000_000)
	seconds := int64(30)
	node.Spec = v1alpha1.TransferNodeSpec{
		InstanceRef:  v1alpha1.ObjectReference{Name: "faspex"},
		NodeSelector: map[string]v1alpha1.LabelValue{"faspex.io/transfer": "true"},
		Tolerations: []v1alpha1.Toleration{{Key: "dedicated", Operator: "Equal", Value: "transfer",
			Effect: "NoExecute", TolerationSeconds: &seconds}},
		Ports:           &v1alpha1.TransferNodePorts{SSH: 22001, UDP: 22002, NodeAPI: 9443, Metrics: 9500, WSS: 9444},
		TrustedProxies:  []string{"192.0.2.0/28", "2001:db8::1"},
		Remotes:         &v1alpha1.TransferRemotes{Allow: []string{"10.0.0.0/8"}, Deny: []string{"10.9.0.0/16"}},
		TransferAddress: "transfer.example.com",
		TransferUsers: []v1alpha1.TransferUser{
			{Name: "xfer"},
			{Name: "partner", AuthorizedKeysSecretRef: &v1alpha1.SecretKeyReference{Name: "partner-keys",
				Key: "authorized_keys"}, PasswordSecretRef: &v1alpha1.SecretKeyReference{Name: "partner-login", Key: "password"},
				Docroot: "/shared/partner", Incoming: v1alpha1.TransferAuthorizationAllow,
				Outgoing: v1alpha1.TransferAuthorizationDeny},
		},
		NodeUsers: &v1alpha1.NodeUsers{SecretRef: v1alpha1.SecretReference{Name: "team-users"}},
		Storage: []v1alpha1.StorageMount{
			{Name: "fast", HostPath: &v1alpha1.HostPathStorage{Path: "/mnt/nvme", Type: "Directory"},
				Encryption: &v1alpha1.StorageEncryption{SecretRef: v1alpha1.SecretReference{Name: "nvme-keys"}}},
			{Name: "shared", PersistentVolumeClaim: &v1alpha1.ClaimStorage{ClaimName: "nfs"}},
		},
		Rates: &v1alpha1.TransferRates{TargetKbps: &target, MaxKbps: &limit, Policy: v1alpha1.TransferPolicyLow,
			TotalSendKbps: &send, TotalReceiveKbps: &receive},
		Ciphers: []v1alpha1.NodeCipher{v1alpha1.NodeCipher(v1alpha1.CipherAES256GCM)},
		GSO:     "off",
		History: &v1alpha1.TransferHistory{Retention: &metav1.Duration{Duration: 8760 * time.Hour},
			FilesRetention: &metav1.Duration{Duration: 90 * time.Minute}},
		TLS:      &v1alpha1.TLSSpec{SecretRef: v1alpha1.SecretReference{Name: "node-cert"}},
		LogLevel: v1alpha1.LogLevelDebug,
		Resources: &corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: quantity("500m")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: quantity("1Gi")},
		},
	}
	return node
}

// TestObjects (operator-8) holds the objects still.
func TestObjects(t *testing.T) {
	for name, test := range map[string]struct {
		node     *v1alpha1.TransferNode
		workload desired.Workload
	}{
		"minimal": {minimal(), desired.Workload{
			Image: "ghcr.io/faspex-io/hsts:0.1.0", OperatorImage: "ghcr.io/faspex-io/operator:0.1.0",
			PullPolicy: corev1.PullIfNotPresent, ConfigHash: "0123456789abcdef",
		}},
		"full": {full(), desired.Workload{
			Image: "registry.example.com/hsts:2", OperatorImage: "registry.example.com/operator:1",
			PullPolicy: corev1.PullAlways, PullSecrets: []string{"pull"}, DatabaseCASecret: "db-ca",
			ConfigHash: "0123456789abcdef",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := desired.Config(test.node)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := hstsconfig.Parse([]byte(config)); err != nil {
				t.Errorf("hsts refuses its configuration: %v", err)
			}
			golden(t, name, desired.ConfigMap(test.node, config), desired.Service(test.node),
				desired.DaemonSet(test.node, test.workload))
		})
	}
}

// golden compares objects with testdata/<name>.yaml, one document each. A change of a pod template restarts every
// transfer of every user who upgrades: look twice before updating.
func golden(t *testing.T, name string, objects ...any) {
	t.Helper()
	var documents []string
	for _, object := range objects {
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(text))
	}
	got := strings.Join(documents, "---\n")
	file := filepath.Join("testdata", name+".yaml")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}
