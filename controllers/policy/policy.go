// Package policy says what specs may ask of machines and registries, whoever wrote them: which folders of machines may
// be storage, and which images may run. Admission refuses what nobody may ask; this package checks that again, for
// objects that were there before the rule was, and adds what the administrator of the operator permits. It reads specs
// alone and knows no cluster.
package policy

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"faspex.io/operator/api/v1alpha1"
)

// Errors that the checks wrap. The text around them names the field and the way out, never the value.
var (
	// ErrSystemFolder: no operator takes that folder.
	ErrSystemFolder = errors.New("is not clean and absolute, or a folder of the system")
	// ErrNotAllowed: the administrator of this operator does not permit it.
	ErrNotAllowed = errors.New("is not permitted by the operator")
)

// Policy is what the administrator permits. The zero value permits every image, and every folder that is not the
// system's.
type Policy struct {
	hostPaths []string
	images    []string
}

// New makes a policy of the flags --allowed-host-paths and --allowed-images. An empty list permits everything of its
// kind.
//
// A host path permits itself and what lies beneath it. An image is a registry with, possibly, the beginning of a
// repository's name in whole elements, and permits every repository beneath it; or a whole reference with tag or
// digest, and permits that alone.
func New(hostPaths, images []string) (Policy, error) {
	policy := Policy{}
	for _, p := range hostPaths {
		if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") {
			return Policy{}, fmt.Errorf("--allowed-host-paths: %q is no absolute path", p)
		}
		policy.hostPaths = append(policy.hostPaths, path.Clean(p))
	}
	for _, image := range images {
		allowed := strings.TrimSuffix(image, "/")
		if !namesRegistry(allowed) {
			return Policy{}, fmt.Errorf("--allowed-images: %q does not begin with a registry, such as ghcr.io/faspex-io", image)
		}
		policy.images = append(policy.images, allowed)
	}
	return policy, nil
}

// Instance returns an error for the first field of instance that asks for what is not permitted.
func (p Policy) Instance(instance *v1alpha1.FaspexInstance) error {
	images := instance.Spec.Images
	if images == nil {
		return nil
	}
	for _, field := range []struct{ name, image string }{
		{"faspex", images.Faspex}, {"ui", images.UI}, {"hsts", images.HSTS},
		{"mariadb", images.MariaDB}, {"router", images.Router},
	} {
		if err := p.image("spec.images."+field.name, field.image); err != nil {
			return err
		}
	}
	return nil
}

// TransferNode returns an error for the first field of node that asks for what is not permitted; of instance, which may
// be nil, it checks the image that node takes from it.
func (p Policy) TransferNode(node *v1alpha1.TransferNode, instance *v1alpha1.FaspexInstance) error {
	for i, storage := range node.Spec.Storage {
		if storage.HostPath == nil {
			continue
		}
		if err := p.hostPath(fmt.Sprintf("spec.storage[%d].hostPath.path", i), storage.HostPath.Path); err != nil {
			return err
		}
	}
	switch {
	case node.Spec.Image != "":
		return p.image("spec.image", node.Spec.Image)
	case instance != nil && instance.Spec.Images != nil:
		return p.image("FaspexInstance "+instance.Name+": spec.images.hsts", instance.Spec.Images.HSTS)
	}
	return nil
}
