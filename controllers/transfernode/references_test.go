package transfernode_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/test/kubeapi"
)

// TestReferencesStayInTheirNamespace: an instance of another namespace is not used, whoever names it and how.
func TestReferencesStayInTheirNamespace(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	elsewhere := kubeapi.Namespace(t, field.Client)
	if err := field.Client.Create(t.Context(), &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Namespace: elsewhere, Name: "theirs"},
		Spec: v1alpha1.FaspexInstanceSpec{ExternalURL: "https://faspex.example.com",
			Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}}}}); err != nil {
		t.Fatal(err)
	}
	node := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "TransferNode",
		"metadata": map[string]any{"namespace": field.Namespace, "name": nodeName},
		"spec": map[string]any{"instanceRef": map[string]any{"name": "theirs", "namespace": elsewhere},
			"storage": []any{map[string]any{"name": "default", "hostPath": map[string]any{"path": "/srv/test"}}}},
	}}
	err := field.Client.Create(t.Context(), node.DeepCopy(), client.FieldValidation("Strict"))
	if err == nil || !strings.Contains(err.Error(), `unknown field "spec.instanceRef.namespace"`) {
		t.Errorf("the API server says %v", err)
	}
	if err := field.Client.Create(t.Context(), node, client.FieldValidation("Ignore")); err != nil {
		t.Fatal(err)
	}
	condition := field.WaitCondition(t, &v1alpha1.TransferNode{}, nodeName, v1alpha1.ConditionReady, isFalse,
		v1alpha1.ReasonInstanceNotFound)
	if !strings.Contains(condition.Message, "spec.instanceRef.name") {
		t.Errorf("message is %q", condition.Message)
	}
}
