package v1alpha1_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// TestNoReferenceLeavesItsNamespace (operator-42, with TestReferencesStayInTheirNamespace of package transfernode): no
// kind has a field that could name an object of another namespace, so that there is nothing that would need a
// ReferenceGrant. Whoever adds such a field has to ask for one.
func TestNoReferenceLeavesItsNamespace(t *testing.T) {
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) != 5 {
		t.Fatalf("%v, %v", files, err)
	}
	references := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(text, &crd); err != nil {
			t.Fatal(err)
		}
		if crd.Spec.Scope != apiextensionsv1.NamespaceScoped {
			t.Errorf("%s is of the cluster", crd.Name)
		}
		for _, version := range crd.Spec.Versions {
			references += walk(t, crd.Spec.Names.Kind+".spec", version.Schema.OpenAPIV3Schema.Properties["spec"])
		}
	}
	if references < 10 {
		t.Errorf("only %d references were found", references)
	}
}

// walk counts the references beneath a field.
func walk(t *testing.T, path string, schema apiextensionsv1.JSONSchemaProps) int {
	t.Helper()
	references := 0
	if strings.HasSuffix(path, "Ref") {
		references++
	}
	_, named := schema.Properties["name"]
	for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
		if named && strings.EqualFold(field, "namespace") || strings.HasSuffix(path, "Ref") &&
			strings.Contains(strings.ToLower(field), "namespace") {
			t.Errorf("%s.%s names another namespace", path, field)
		}
		references += walk(t, path+"."+field, schema.Properties[field])
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		references += walk(t, path, *schema.Items.Schema)
	}
	return references
}
