package instance

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
)

// DefaultVersion of Faspex: the tag of the images that a spec names no version for.
const DefaultVersion = "0.1.0"

const (
	registry     = "ghcr.io/faspex-io/"
	mariadbImage = "docker.io/library/mariadb:11.4"
	routerImage  = "docker.io/nginxinc/nginx-unprivileged:1.28"
)

// Images are the images of an instance.
type Images struct {
	Faspex, UI, HSTS, MariaDB, Router string
}

// Version that the spec asks for; without one what runs already, so that a new operator upgrades nothing by itself, or
// the default.
func Version(instance *v1alpha1.FaspexInstance) string {
	if instance.Spec.Version != "" {
		return instance.Spec.Version
	}
	replaced := instance.Spec.Images != nil && instance.Spec.Images.Faspex != ""
	if runs := instance.Status.Version; runs != "" && !replaced && !strings.Contains(runs, ":") {
		return runs // not the digest of an image that spec.images named before
	}
	return DefaultVersion
}

// ImagesOf are the images that the spec asks for, with the defaults filled in.
func ImagesOf(instance *v1alpha1.FaspexInstance) Images {
	tag := ":" + Version(instance)
	images := Images{
		Faspex: registry + "faspex" + tag, UI: registry + "ui" + tag, HSTS: registry + "hsts" + tag,
		MariaDB: mariadbImage, Router: routerImage,
	}
	given := instance.Spec.Images
	if given == nil {
		return images
	}
	for _, i := range []struct {
		to   *string
		from string
	}{
		{&images.Faspex, given.Faspex}, {&images.UI, given.UI}, {&images.HSTS, given.HSTS}, {&images.MariaDB, given.MariaDB},
		{&images.Router, given.Router},
	} {
		if i.from != "" {
			*i.to = i.from
		}
	}
	return images
}

// RunningVersion is what to report as the version of an instance whose workloads run images: the tag of the
// faspex image, or its whole digest.
func RunningVersion(images Images) string {
	if _, digest, ok := strings.Cut(images.Faspex, "@"); ok {
		return digest
	}
	if i := strings.LastIndex(images.Faspex, ":"); i > strings.LastIndex(images.Faspex, "/") {
		return images.Faspex[i+1:]
	}
	return "latest"
}

// PullPolicy of every container.
func PullPolicy(instance *v1alpha1.FaspexInstance) corev1.PullPolicy {
	if instance.Spec.ImagePullPolicy != "" {
		return corev1.PullPolicy(instance.Spec.ImagePullPolicy)
	}
	return corev1.PullIfNotPresent
}
