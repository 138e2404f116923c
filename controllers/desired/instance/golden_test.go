package instance_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/desired/instance"
)

var update = flag.Bool("update", false, "write the golden files")

func minimal() *v1alpha1.FaspexInstance {
	return &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "files"},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com",
			Database:    v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}},
		},
	}
}

func full() *v1alpha1.FaspexInstance {
	i := minimal()
	off := false
	two, zero := int32(2), int32(0)
	resources := &corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
	}
	component := v1alpha1.ComponentSpec{Replicas: &two, Resources: resources, LogLevel: v1alpha1.LogLevelDebug}
	i.Spec = v1alpha1.FaspexInstanceSpec{
		ExternalURL:      "https://192.0.2.7:30443/",
		Version:          "9.9.9",
		Images:           &v1alpha1.InstanceImages{UI: "example.com/ui@sha256:0", Router: "example.com/nginx:1"},
		ImagePullPolicy:  "Always",
		ImagePullSecrets: []v1alpha1.SecretReference{{Name: "pull"}},
		Database: v1alpha1.DatabaseSpec{External: &v1alpha1.ExternalDatabase{
			Host: "db.example.com", Port: 3307, Database: "faspex_b", RootSecretRef: v1alpha1.SecretReference{Name: "db-root"},
			TLS: &v1alpha1.DatabaseTLS{CASecretRef: &v1alpha1.SecretReference{Name: "db-ca"}},
		}},
		Router: &v1alpha1.RouterSpec{ComponentSpec: component, Service: &v1alpha1.RouterServiceSpec{
			Type: "NodePort", HTTPSNodePort: 30443, HTTPNodePort: 30080, Annotations: map[string]string{"a": "b"},
		}},
		UI:             &v1alpha1.ComponentSpec{Replicas: &zero},
		Core:           &v1alpha1.CoreSpec{ComponentSpec: component, ConcurrentWorkers: 8},
		Service:        &v1alpha1.ServiceSpec{ComponentSpec: component, WebhookNetworks: []string{"10.1.0.0/16", "192.0.2.7"}},
		Utility:        &v1alpha1.UtilitySpec{ComponentSpec: component, AuthorizedIPs: []string{"192.0.2.1", "10.0.0.0/8"}},
		Gateway:        &v1alpha1.GatewaySpec{Enabled: &off},
		TLS:            &v1alpha1.TLSSpec{SecretRef: v1alpha1.SecretReference{Name: "cert"}},
		Admin:          &v1alpha1.AdminSpec{Email: "boss@example.com", SecretRef: &v1alpha1.SecretReference{Name: "boss"}},
		NetworkPolicy:  networkPolicy(),
		DeletionPolicy: v1alpha1.DeletionPolicyDelete,
	}
	return i
}

// render is everything an instance becomes, as YAML, Secrets without their values.
func render(t *testing.T, i *v1alpha1.FaspexInstance) string {
	t.Helper()
	job, err := instance.MigrationJob(i, "0000000000000000")
	if err != nil {
		t.Fatal(err)
	}
	objects := []any{job}
	if i.Spec.Database.Embedded != nil {
		objects = append(objects, instance.DatabaseStatefulSet(i, instance.VolumeOf(i), "0000000000000000"), instance.DatabaseService(i),
			instance.DatabaseNetworkPolicy(i, "faspex-system"))
	}
	for _, c := range []instance.Component{
		instance.Core(i), instance.UI(i), instance.Service(i), instance.Utility(i), instance.RouterComponent(i),
		instance.Gateway(i),
	} {
		if c.Name == instance.ComponentGateway && !instance.HasGateway(i) {
			continue
		}
		objects = append(objects, c.Deployment(i, "0000000000000000"), c.Service(i))
		if policy := c.NetworkPolicy(i, "faspex-system"); policy != nil {
			objects = append(objects, policy)
		}
	}
	configMaps := instance.ConfigMaps(i)
	for _, name := range []string{"demo-db", "demo-core", "demo-service", "demo-utility", "demo-ui", "demo-router",
		"demo-gateway"} {
		if config, there := configMaps[name]; there {
			objects = append(objects, config.Apply(i))
		}
	}
	var b strings.Builder
	for _, o := range objects {
		text, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("---\n")
		b.Write(text)
	}
	return b.String()
}

// TestGolden (operator-8) holds the objects still: a change here restarts workloads in every cluster the operator is updated in.
func TestGolden(t *testing.T) {
	for name, i := range map[string]*v1alpha1.FaspexInstance{"minimal": minimal(), "full": full()} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".yaml")
			got := render(t, i)
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got (run with -update if it is meant):\n%s", diff)
			}
		})
	}
}
