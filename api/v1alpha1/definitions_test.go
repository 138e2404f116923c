package v1alpha1_test

import (
	"encoding/json"
	"slices"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/test/kubeapi"
)

// maxDefinition is what kubectl apply has room for in an annotation, in bytes.
const maxDefinition = 262_144

// TestDefinitions (operator-44), as the API server has them: each fits into the annotation of kubectl apply, is described
// field by field, has a category and a short name, and columns that tell whether an object is well and since when, where
// it is, and how old it is.
func TestDefinitions(t *testing.T) {
	config := kubeapi.Config(t)
	scheme := kubeapi.Scheme(t)
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	var list apiextensionsv1.CustomResourceDefinitionList
	if err := c.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	where := map[string]string{"FaspexInstance": "URL", "TransferNode": "Endpoint", "StorageLocation": "Node", "AccessKey": "Node",
		"FaspexBackup": "Location"}
	for _, crd := range list.Items {
		names := crd.Spec.Names
		if crd.Spec.Group != "faspex.io" {
			continue
		}
		text, err := json.Marshal(crd)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) >= maxDefinition {
			t.Errorf("%s has %d bytes", names.Kind, len(text))
		}
		if !slices.Equal(names.Categories, []string{"faspex"}) || len(names.ShortNames) != 1 {
			t.Errorf("%s has categories %v and short names %v", names.Kind, names.Categories, names.ShortNames)
		}
		for _, version := range crd.Spec.Versions {
			columns := map[string]string{}
			for _, column := range version.AdditionalPrinterColumns {
				columns[column.Name] = column.JSONPath
			}
			for _, name := range []string{"Ready", "Reason", "Since", "Age", "Message", where[names.Kind]} {
				if columns[name] == "" {
					t.Errorf("%s has no column %q: %v", names.Kind, name, columns)
				}
			}
			described(t, names.Kind, version.Schema.OpenAPIV3Schema)
		}
		delete(where, names.Kind)
	}
	if len(where) > 0 {
		t.Errorf("there are no definitions of %v", where)
	}
}

// described fails for each field without a description. That of metadata belongs to Kubernetes.
func described(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	for name, field := range schema.Properties {
		if field.Description == "" && name != "metadata" {
			t.Errorf("%s.%s has no description", path, name)
		}
		described(t, path+"."+name, &field)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		described(t, path+"[]", schema.Items.Schema)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		described(t, path+"{}", schema.AdditionalProperties.Schema)
	}
}
