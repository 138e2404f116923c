package charts_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/test/kubeapi"
)

func TestMain(m *testing.M) { os.Exit(kubeapi.Run(m)) }

const (
	operatorChart = "faspex-operator"
	faspexChart   = "faspex"
)

// instanceValues are those of a whole instance.
var instanceValues = []string{
	"--set", "instance.externalURL=https://faspex.example.com",
	"--set", "transferNodes.main.storage[0].name=default",
	"--set", "transferNodes.main.storage[0].hostPath.path=/srv/faspex",
	"--set", "storageLocations.packages.transferNodeRef.name=main",
	"--set", "storageLocations.packages.type=local",
	"--set", "storageLocations.packages.local.path=/default/packages",
	"--set", "storageLocations.packages.defaultInbox=true",
	"--set", "accessKeys.archive.transferNodeRef.name=main",
	"--set", "accessKeys.archive.storage.storageLocationRef.name=packages",
}

func TestChartHoldsTheGeneratedFiles(t *testing.T) {
	crds, err := filepath.Glob("../config/crd/bases/*.yaml")
	if err != nil || len(crds) != 5 {
		t.Fatalf("definitions are %v (%v)", crds, err)
	}
	pairs := map[string]string{"../config/rbac/role.yaml": operatorChart + "/files/rbac/role.yaml"}
	for _, crd := range crds {
		pairs[crd] = filepath.Join(operatorChart, "files", "crds", filepath.Base(crd))
	}
	for source, copied := range pairs {
		want, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(copied)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf("%s differs from %s: run make generate", copied, source)
		}
	}
	if copies, err := filepath.Glob(operatorChart + "/files/crds/*.yaml"); err != nil || len(copies) != len(crds) {
		t.Errorf("the chart holds %v (%v)", copies, err)
	}
}

func TestOperatorForTheCluster(t *testing.T) {
	objects := render(t, operatorChart, "default")
	want := []string{
		"ClusterRole release-faspex-operator", "ClusterRole release-faspex-operator-edit",
		"ClusterRole release-faspex-operator-transfernode-editor", "ClusterRole release-faspex-operator-view",
		"ClusterRoleBinding release-faspex-operator",
		"CustomResourceDefinition accesskeys.faspex.io", "CustomResourceDefinition faspexbackups.faspex.io",
		"CustomResourceDefinition faspexinstances.faspex.io",
		"CustomResourceDefinition storagelocations.faspex.io", "CustomResourceDefinition transfernodes.faspex.io",
		"Deployment release-faspex-operator", "NetworkPolicy release-faspex-operator-metrics",
		"Role release-faspex-operator-leader in default", "RoleBinding release-faspex-operator-leader in default",
		"Service release-faspex-operator-metrics", "ServiceAccount release-faspex-operator",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(objects))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	for name, object := range objects {
		if object.GetKind() == "CustomResourceDefinition" && object.GetAnnotations()["helm.sh/resource-policy"] != "keep" {
			t.Errorf("%s goes when the release is uninstalled", name)
		}
	}
	admit(t, objects)
}

// TestTransferNodesAreNotForEditorsOfANamespace holds the chart to what config/rbac says.
func TestTransferNodesAreNotForEditorsOfANamespace(t *testing.T) {
	objects := render(t, operatorChart, "default")
	for role, want := range map[string]string{
		"edit":                "[faspexinstances storagelocations accesskeys faspexbackups]",
		"view":                "[faspexinstances transfernodes storagelocations accesskeys faspexbackups]",
		"transfernode-editor": "[transfernodes]",
	} {
		object := objects["ClusterRole release-faspex-operator-"+role]
		if object == nil {
			t.Errorf("no role %s", role)
			continue
		}
		rules, _, err := unstructured.NestedSlice(object.Object, "rules")
		if err != nil || len(rules) != 1 {
			t.Fatalf("%s has the rules %v (%v)", role, rules, err)
		}
		if got := fmt.Sprint(rules[0].(map[string]any)["resources"]); got != want {
			t.Errorf("%s is for %s, want %s", role, got, want)
		}
		aggregated := strings.Contains(fmt.Sprint(object.GetLabels()), "aggregate-to")
		if aggregated != (role != "transfernode-editor") {
			t.Errorf("%s is aggregated: %t", role, aggregated)
		}
	}
}

func TestOperatorForNamespaces(t *testing.T) {
	objects := render(t, operatorChart, "default", "--set", "watchNamespaces={kube-public,kube-node-lease}", "--set",
		"crds.install=false")
	for name, object := range objects {
		if strings.HasPrefix(object.GetKind(), "Cluster") || object.GetKind() == "CustomResourceDefinition" {
			t.Errorf("%s is rendered", name)
		}
	}
	for _, namespace := range []string{"kube-node-lease", "kube-public"} {
		if objects["Role release-faspex-operator in "+namespace] == nil ||
			objects["RoleBinding release-faspex-operator in "+namespace] == nil {
			t.Errorf("no role in %s", namespace)
		}
	}
	if objects["Role release-faspex-operator in default"] != nil {
		t.Error("it may read the Secrets of its own namespace, which it does not serve")
	}
	args := operatorArgs(t, objects)
	for _, arg := range []string{"--watch-namespaces=kube-public,kube-node-lease", "--leader-elect",
		"--leader-election-id=release-faspex-operator"} {
		if !slices.Contains(args, arg) {
			t.Errorf("args %q lack %s", args, arg)
		}
	}
	admit(t, objects)
}

// TestMetricsOfTheOperatorAreNotForEverybody: the policy is there by default and can be switched off;
// without peers it lets nobody in.
func TestMetricsOfTheOperatorAreNotForEverybody(t *testing.T) {
	const policy = "NetworkPolicy release-faspex-operator-metrics"
	for _, test := range []struct {
		name   string
		values []string
		want   string
	}{
		{"default", nil,
			"[map[from:[map[namespaceSelector:map[matchLabels:map[metrics:enabled]]]] ports:[map[port:metrics protocol:TCP]]]]"},
		{
			"peers", []string{"--set-json", `metrics.networkPolicy.from=[{"ipBlock": {"cidr": "10.0.0.0/8"}}]`},
			"[map[from:[map[ipBlock:map[cidr:10.0.0.0/8]]] ports:[map[port:metrics protocol:TCP]]]]",
		},
		{"no peers", []string{"--set-json", "metrics.networkPolicy.from=[]"}, "[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			objects := render(t, operatorChart, "default", test.values...)
			if objects[policy] == nil {
				t.Fatal("there is no policy")
			}
			rules, _, err := unstructured.NestedSlice(objects[policy].Object, "spec", "ingress")
			if got := fmt.Sprint(rules); err != nil || got != test.want {
				t.Errorf("rules are %s (%v), want %s", got, err, test.want)
			}
			selector, _, err := unstructured.NestedMap(objects[policy].Object, "spec", "podSelector", "matchLabels")
			labels, _, err2 := unstructured.NestedMap(objects["Deployment release-faspex-operator"].Object, "spec", "selector",
				"matchLabels")
			if diff := cmp.Diff(labels, selector); err != nil || err2 != nil || diff != "" {
				t.Errorf("it is for other pods (%v, %v):\n%s", err, err2, diff)
			}
			admit(t, map[string]*unstructured.Unstructured{policy: objects[policy]})
		})
	}
	if render(t, operatorChart, "default", "--set", "metrics.networkPolicy.enabled=false")[policy] != nil {
		t.Error("it cannot be switched off")
	}
}

func TestOperatorIsToldWhatSpecsMayName(t *testing.T) {
	for _, test := range []struct {
		values []string
		want   []string
	}{
		{nil, nil},
		{
			[]string{"--set", "allowed.hostPaths={/srv/faspex,/data}", "--set", "allowed.images={ghcr.io/faspex-io}"},
			[]string{"--allowed-host-paths=/srv/faspex,/data", "--allowed-images=ghcr.io/faspex-io"},
		},
	} {
		var got []string
		for _, arg := range operatorArgs(t, render(t, operatorChart, "default", test.values...)) {
			if strings.HasPrefix(arg, "--allowed") {
				got = append(got, arg)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v: -want +got:\n%s", test.values, diff)
		}
	}
}

// operatorContainer is the container of the operator's Deployment.
func operatorContainer(t *testing.T, objects map[string]*unstructured.Unstructured) map[string]any {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(objects["Deployment release-faspex-operator"].Object, "spec",
		"template", "spec", "containers")
	if err != nil || len(containers) != 1 {
		t.Fatalf("containers are %v (%v)", containers, err)
	}
	return containers[0].(map[string]any)
}

// TestOperatorKnowsItsImage: transfer nodes run it as root, so it must be the one that runs as the operator.
func TestOperatorKnowsItsImage(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	for _, test := range []struct {
		values []string
		want   string
	}{
		{nil, "ghcr.io/faspex-io/operator:0.1.0"},
		{[]string{"--set", "image.repository=example.com/operator", "--set", "image.digest=" + digest},
			"example.com/operator@" + digest},
	} {
		container := operatorContainer(t, render(t, operatorChart, "default", test.values...))
		if container["image"] != test.want || environment(container)["OPERATOR_IMAGE"] != test.want {
			t.Errorf("it runs %v and knows %q, want %s", container["image"], environment(container)["OPERATOR_IMAGE"], test.want)
		}
	}
}

// environment is what a container's variables are set to by value.
func environment(container map[string]any) map[string]any {
	values := map[string]any{}
	for _, variable := range container["env"].([]any) {
		values[variable.(map[string]any)["name"].(string)] = variable.(map[string]any)["value"]
	}
	return values
}

func operatorArgs(t *testing.T, objects map[string]*unstructured.Unstructured) []string {
	t.Helper()
	args, _, err := unstructured.NestedStringSlice(operatorContainer(t, objects), "args")
	if err != nil {
		t.Fatal(err)
	}
	return args
}

func TestNoWildcardInAnyRole(t *testing.T) {
	for name, object := range render(t, operatorChart, "default") {
		rules, found, err := unstructured.NestedSlice(object.Object, "rules")
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			continue
		}
		for _, rule := range rules {
			for _, field := range []string{"apiGroups", "resources", "verbs"} {
				values, _, err := unstructured.NestedStringSlice(rule.(map[string]any), field)
				if err != nil {
					t.Fatal(err)
				}
				for _, value := range values {
					if strings.Contains(value, "*") {
						t.Errorf("%s has %s %q", name, field, value)
					}
				}
			}
		}
	}
}

func TestInstance(t *testing.T) {
	objects := render(t, faspexChart, "default", instanceValues...)
	want := []string{"AccessKey archive", "FaspexInstance release", "StorageLocation packages", "TransferNode main"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(objects))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	instance, _, err := unstructured.NestedString(objects["TransferNode main"].Object, "spec", "instanceRef", "name")
	if err != nil || instance != "release" {
		t.Errorf("the node belongs to %q (%v)", instance, err)
	}
	admit(t, objects)
}

func TestRefusedValues(t *testing.T) {
	instance := []string{"--set", "instance.externalURL=https://faspex.example.com"}
	for _, test := range []struct {
		name, chart string
		args        []string
		want        string
	}{
		{"unknown value", operatorChart, []string{"--set", "replica=2"}, "replica"},
		{"log level", operatorChart, []string{"--set", "log.level=loud"}, "level"},
		{"metrics on the port of the probes", operatorChart, []string{"--set", "metrics.port=8081"}, "port"},
		{"namespace that is none", operatorChart, []string{"--set", "watchNamespaces={Not_A_Namespace}"}, "watchNamespaces"},
		{"allowed folder that is none", operatorChart, []string{"--set", "allowed.hostPaths={srv}"}, "hostPaths"},
		{"allowed image without a registry", operatorChart, []string{"--set", "allowed.images={faspex-io}"}, "images"},
		{"no URL", faspexChart, nil, "externalURL"},
		{"plain URL", faspexChart, []string{"--set", "instance.externalURL=http://faspex.example.com"}, "externalURL"},
		{"both databases", faspexChart,
			append([]string{"--set", "instance.database.external.host=db", "--set",
				"instance.database.external.rootSecretRef.name=root"}, instance...), "database"},
		{"node without storage", faspexChart, append([]string{"--set", "transferNodes.main.gso=auto"}, instance...),
			"storage"},
		{"location without path", faspexChart,
			append([]string{"--set", "storageLocations.a.type=local", "--set", "storageLocations.a.transferNodeRef.name=main"},
				instance...), "local"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := refusedValues(t, test.chart, test.args...); !strings.Contains(got, test.want) {
				t.Errorf("helm says %q, and not which value: %s", got, test.want)
			}
		})
	}
}

// admit has the API server check every object as if it were applied; unknown fields are errors.
func admit(t *testing.T, objects map[string]*unstructured.Unstructured) {
	t.Helper()
	c := client.WithFieldValidation(kubeapi.Client(t), metav1.FieldValidationStrict)
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		err := c.Apply(context.Background(), client.ApplyConfigurationFromUnstructured(objects[name]),
			client.FieldOwner("test"), client.ForceOwnership, client.DryRunAll)
		if err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
}
