package main

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/modfile"
)

// TestKubernetesLibrariesAreSharedWithTheOperator keeps a fresh machine from compiling the same libraries twice: the
// build cache shares them only between modules that pin the same versions.
func TestKubernetesLibrariesAreSharedWithTheOperator(t *testing.T) {
	root, err := sourceRoot()
	if err != nil {
		t.Fatal(err)
	}
	own := pins(t, root)
	for _, dir := range []string{"hack/tools/helm", "hack/tools/controller-gen", "hack/cluster/modules/addons"} {
		for module, version := range pins(t, filepath.Join(root, dir)) {
			switch module {
			case "k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go", "k8s.io/apiextensions-apiserver",
				"k8s.io/kube-openapi":
				if version != own[module] {
					t.Errorf("%s has %s %s, the operator %s", dir, module, version, own[module])
				}
			}
		}
	}
}

func TestToolsArePinned(t *testing.T) {
	root, err := sourceRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools(root) {
		if _, err := tool.Version(); err != nil {
			t.Error(err)
		}
	}
}

// pins are the required modules of a go.mod, by path.
func pins(t *testing.T, dir string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, r := range mod.Require {
		all[r.Mod.Path] = r.Mod.Version
	}
	return all
}
