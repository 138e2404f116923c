package config_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/test/kubeapi"
)

func TestMain(m *testing.M) { os.Exit(kubeapi.Run(m)) }

// build runs kustomize, as kubectl has it, on a folder.
func build(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	kubectl := "kubectl"
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		kubectl = filepath.Join(assets, "kubectl")
	}
	var stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), kubectl, "kustomize", folder)
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl kustomize %s: %v\n%s", folder, err, stderr.String())
	}
	var objects []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(out), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
}

func TestManifestsAreAdmitted(t *testing.T) {
	c := kubeapi.Client(t)
	// What lies in a namespace is only admitted when that exists.
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "faspex-system"},
	}}
	if err := c.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"crd", "default", "namespaced", "samples"} {
		t.Run(folder, func(t *testing.T) {
			for _, object := range build(t, folder) {
				if object.GetNamespace() == "" && object.GroupVersionKind().Group == "faspex.io" {
					object.SetNamespace("default")
				}
				err := c.Apply(context.Background(), client.ApplyConfigurationFromUnstructured(object),
					client.FieldOwner("test"), client.ForceOwnership, client.DryRunAll)
				if err != nil {
					t.Errorf("%s %s is refused: %v", object.GetKind(), object.GetName(), err)
				}
			}
		})
	}
}

func TestNamespacedVariantHasNothingOfTheCluster(t *testing.T) {
	kinds := map[string]int{}
	for _, object := range build(t, "namespaced") {
		kinds[object.GetKind()]++
		// Transfer nodes run there too.
		if object.GetKind() == "Namespace" && object.GetLabels()["pod-security.kubernetes.io/enforce"] != "privileged" {
			t.Errorf("Namespace %s enforces %v", object.GetName(), object.GetLabels())
		}
		if strings.HasPrefix(object.GetKind(), "Cluster") {
			t.Errorf("%s %s is part of it", object.GetKind(), object.GetName())
		}
		if object.GetKind() != "Namespace" && object.GetNamespace() != "faspex-system" {
			t.Errorf("%s %s is in namespace %q", object.GetKind(), object.GetName(), object.GetNamespace())
		}
	}
	if kinds["Role"] != 2 || kinds["RoleBinding"] != 2 || kinds["Deployment"] != 1 {
		t.Errorf("kinds are %v", kinds)
	}
}

func TestOneSampleOfEachKind(t *testing.T) {
	kinds := map[string]int{}
	for _, object := range build(t, "samples") {
		kinds[object.GetKind()]++
	}
	for _, kind := range []string{"FaspexInstance", "TransferNode", "StorageLocation", "AccessKey"} {
		if kinds[kind] != 1 {
			t.Errorf("%d samples of %s", kinds[kind], kind)
		}
	}
}

func TestMonitorSelectsTheService(t *testing.T) {
	monitor := build(t, "prometheus")[0]
	wanted, _, err := unstructured.NestedStringMap(monitor.Object, "spec", "selector", "matchLabels")
	if err != nil || len(wanted) == 0 {
		t.Fatalf("selector is %v (%v)", wanted, err)
	}
	for _, object := range build(t, "manager") {
		if object.GetKind() != "Service" {
			continue
		}
		for key, value := range wanted {
			if object.GetLabels()[key] != value {
				t.Errorf("the Service has %s=%q, the monitor wants %q", key, object.GetLabels()[key], value)
			}
		}
	}
}

// TestTransferNodesAreNotForEditorsOfANamespace: a TransferNode puts pods into the network and folders of machines, so
// neither edit nor admin of a namespace may write one. Whoever may view the namespace may view it.
func TestTransferNodesAreNotForEditorsOfANamespace(t *testing.T) {
	found := map[string]bool{}
	for _, object := range build(t, "rbac") {
		if object.GetKind() != "ClusterRole" || !strings.HasPrefix(object.GetName(), "faspex-") {
			continue
		}
		var role rbacv1.ClusterRole
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
			t.Fatal(err)
		}
		found[role.Name] = true
		writes := slices.ContainsFunc(role.Rules, func(rule rbacv1.PolicyRule) bool {
			return slices.Contains(rule.Resources, "transfernodes") && slices.Contains(rule.Verbs, "create")
		})
		aggregated := slices.ContainsFunc(slices.Collect(maps.Keys(role.Labels)), func(label string) bool {
			return strings.Contains(label, "aggregate-to")
		})
		if writes && aggregated {
			t.Errorf("%s lets editors of a namespace write TransferNodes", role.Name)
		}
		if want := role.Name == "faspex-transfernode-editor"; writes != want {
			t.Errorf("%s writes TransferNodes: %t, want %t", role.Name, writes, want)
		}
	}
	for _, name := range []string{"faspex-edit", "faspex-view", "faspex-transfernode-editor"} {
		if !found[name] {
			t.Errorf("no ClusterRole %s", name)
		}
	}
}

// TestOperatorKnowsItsImage: transfer nodes run it as root, so it must be the one that runs as the operator.
func TestOperatorKnowsItsImage(t *testing.T) {
	for _, object := range build(t, "manager") {
		if object.GetKind() != "Deployment" {
			continue
		}
		var deployment appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
			t.Fatal(err)
		}
		container := deployment.Spec.Template.Spec.Containers[0]
		if !slices.Contains(container.Env, corev1.EnvVar{Name: "OPERATOR_IMAGE", Value: container.Image}) {
			t.Errorf("the operator runs %s and is told %v", container.Image, container.Env)
		}
	}
}
